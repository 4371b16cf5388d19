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
import { onPremisesBlock } from "./settings-block.ts";
import type { SetupStep } from "./setup-step.ts";

/** Checked values. */
export interface OnPremisesSetupValues {
  readonly account: string;
  /** The mailboxes that the account may open; none: all, if that is possible. */
  readonly mailboxes: readonly string[];
  /** Whether to use delegate rights instead of impersonation. */
  readonly delegate: boolean;
}

/**
 * Returns the steps that connect mailcordon to an Exchange Server: those of docs/connect-on-premises.md with values filled in. For the Exchange
 * Management Shell.
 */
export function onPremisesSteps({ account, mailboxes, delegate }: OnPremisesSetupValues): readonly SetupStep[] {
  return [
    {
      title: "The service account",
      about: ["The account needs a mailbox to send from and a long password, but no administrator rights. Skip this step if it exists."],
      portal: "Exchange admin center > recipients > mailboxes > New",
      lines: createAccount(account),
    },
    delegate ? asDelegate(account, mailboxes) : asOwner(account, mailboxes),
    {
      title: "Let the account list and search mailboxes",
      about: ["Only actions that list mailboxes, or search all of them, need it. It takes effect after an hour."],
      portal: "Exchange admin center > permissions > admin roles > Discovery Management > Members",
      lines: discoveryRole(account),
    },
    {
      title: "A separate throttling policy",
      about: [
        "It keeps Exchange from cutting off a search over many mailboxes. The concurrency stays at the default of 27, which mailcordon respects.",
      ],
      lines: throttling(account),
    },
    {
      title: "Check the sign-in schemes of EWS",
      about: [
        "ExternalUrl or InternalUrl is the URL for the settings. WindowsAuthentication: NTLM and Kerberos; BasicAuthentication: Basic.",
        "ExtendedProtectionTokenChecking may be None, Allow or Require: mailcordon's NTLM binds itself to the TLS connection.",
      ],
      lines: [showVirtualDirectory],
    },
    {
      title: "Check the certificate",
      about: [
        "Find the certificate whose Services include IIS. If a private authority issued it, save that authority's certificate as PEM and name it as ca_file.",
      ],
      lines: [showCertificates],
    },
    {
      title: "Write mailcordon.yaml",
      about: [
        "On the machine that runs mailcordon; `mailcordon init` asks for the values and writes it. It names where the password is, and never contains it.",
      ],
      lines: [],
      settings: onPremisesBlock({
        url: "https://mail.example.com/EWS/Exchange.asmx",
        account,
        password: "env:MAILCORDON_PASSWORD",
        delegate,
        mailbox: mailboxes[0] ?? (account.includes("@") ? account : "soc@example.com"),
      }),
    },
    {
      title: "Check that it works",
      about: [`mailcordon doctor --mailbox ${mailboxes[0] ?? "ADDRESS"}`],
      lines: [],
    },
  ];
}

function asOwner(account: string, mailboxes: readonly string[]): SetupStep {
  return {
    title: mailboxes.length === 0 ? "Impersonation of every mailbox" : "Impersonation of some mailboxes",
    about: [
      mailboxes.length === 0
        ? "To limit it to some mailboxes, print this again with --mailboxes."
        : "The account can act for the members of the group. Add members later instead of changing the role.",
    ],
    portal: "Exchange admin center > permissions > admin roles > New, with the role ApplicationImpersonation",
    lines: impersonation(account, mailboxes),
  };
}

function asDelegate(account: string, mailboxes: readonly string[]): SetupStep {
  return {
    title: "Rights as a delegate",
    about: ["Full Access does not include Send As. In the settings: access: delegate"],
    portal: "Exchange admin center > recipients > mailboxes > the mailbox > mailbox delegation",
    lines: mailboxes.flatMap((mailbox) => [...delegateRight(mailbox, account), ...sendAs(mailbox, account)]),
  };
}
