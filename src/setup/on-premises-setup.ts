import { discoveryRole } from "./exchange-online-commands.ts";
import {
  createAccount,
  delegateRight,
  impersonation,
  sendAs,
  showCertificates,
  showVirtualDirectory,
  throttling,
} from "./on-premises-commands.ts";
import type { SetupStep } from "./setup-step.ts";

/** Checked values. */
export interface OnPremisesSetupValues {
  readonly account: string;
  /** The mailboxes that the account may into; none: all, where that is possible. */
  readonly mailboxes: readonly string[];
  /** As a delegate instead of by impersonation. */
  readonly delegate: boolean;
}

/** What connects mailcordon to an Exchange Server: docs/connect-on-premises.md with values filled in. For the Exchange Management Shell. */
export function onPremisesSteps({ account, mailboxes, delegate }: OnPremisesSetupValues): readonly SetupStep[] {
  return [
    {
      title: "The service account",
      about: ["It needs a mailbox to send from, no rights as an administrator, and a long password. Leave the step out when it is there."],
      portal: "Exchange admin center > recipients > mailboxes > New",
      lines: createAccount(account),
    },
    delegate ? asDelegate(account, mailboxes) : asOwner(account, mailboxes),
    {
      title: "Let the account list and search mailboxes",
      about: ["Only what lists mailboxes, or searches in all of them, needs it. An hour until it counts."],
      portal: "Exchange admin center > permissions > admin roles > Discovery Management > Members",
      lines: discoveryRole(account),
    },
    {
      title: "A throttling policy of its own",
      about: [
        "So that a search over many mailboxes is not cut off. The concurrency stays at the default of 27, which mailcordon keeps to.",
      ],
      lines: throttling(account),
    },
    {
      title: "Look how EWS may be signed in to",
      about: [
        "ExternalUrl or InternalUrl is the URL for the settings. WindowsAuthentication: NTLM and Kerberos; BasicAuthentication: Basic.",
        "ExtendedProtectionTokenChecking may be None, Allow or Require: mailcordon's NTLM binds itself to the TLS connection.",
      ],
      lines: [showVirtualDirectory],
    },
    {
      title: "Look at the certificate",
      about: [
        "The one whose Services hold IIS. When a private authority issued it, save that authority's certificate as PEM and name it as ca_file.",
      ],
      lines: [showCertificates],
    },
    {
      title: "Look whether it works",
      about: ["Put the values into mailcordon.yaml as the guide says, then: mailcordon doctor --mailbox ADDRESS"],
      lines: [],
    },
  ];
}

function asOwner(account: string, mailboxes: readonly string[]): SetupStep {
  return {
    title: mailboxes.length === 0 ? "Impersonation of every mailbox" : "Impersonation of some mailboxes",
    about: [
      mailboxes.length === 0
        ? "To limit it to some, print this again with --mailboxes."
        : "Who is in the group can be acted for; add to the group later instead of changing the role.",
    ],
    portal: "Exchange admin center > permissions > admin roles > New, with the role ApplicationImpersonation",
    lines: impersonation(account, mailboxes),
  };
}

function asDelegate(account: string, mailboxes: readonly string[]): SetupStep {
  return {
    title: "Rights as a delegate",
    about: ["Full Access does not hold Send As. In the settings: access: delegate"],
    portal: "Exchange admin center > recipients > mailboxes > the mailbox > mailbox delegation",
    lines: mailboxes.flatMap((mailbox) => [...delegateRight(mailbox, account), ...sendAs(mailbox, account)]),
  };
}
