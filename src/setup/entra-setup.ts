import {
  addCertificate,
  addSecret,
  allowEws,
  allowMailboxes,
  consentToAll,
  discoveryRole,
  findApplication,
  register,
  registerInExchange,
  type SetupCloud,
  signIn,
} from "./exchange-online-commands.ts";
import { consentToGraph, type GraphGrant, grantInScope, showConsent, testAuthorization } from "./graph-commands.ts";
import { mailboxScope } from "./mailbox-scope.ts";
import { onlineBlock } from "./settings-block.ts";
import type { SetupStep } from "./setup-step.ts";

/** Checked values. */
export interface EntraSetupValues {
  readonly tenant: string;
  readonly cloud: SetupCloud;
  /** Client id of an existing application. */
  readonly clientId: string | undefined;
  /** The mailboxes that the application may open; none: all. */
  readonly mailboxes: readonly string[];
  /** Path of the certificate's public part; undefined: a client secret. */
  readonly certificate: string | undefined;
  /** The back end; for Microsoft Graph also the permissions. */
  readonly backend: { readonly kind: "ews" } | { readonly kind: "graph"; readonly grants: readonly GraphGrant[] };
}

/** Returns the steps that connect mailcordon to Exchange Online: those of docs/connect-exchange-online.md with values filled in. */
export function entraSteps(values: EntraSetupValues): readonly SetupStep[] {
  const { backend } = values;
  return [
    {
      title: "Sign in as an administrator",
      about: ["You need the roles Application Administrator and Exchange Administrator; for consent, Privileged Role Administrator."],
      lines: signIn(values.tenant, values.cloud),
    },
    registration(values.clientId),
    credential(values.certificate),
    ...(backend.kind === "graph" ? overGraph(backend.grants, values.mailboxes) : overEws(values.mailboxes)),
    {
      title: "Write mailcordon.yaml",
      about: [
        "On the machine that runs mailcordon; `mailcordon init` asks for the values and writes it. It names where the secret is, and never contains it.",
      ],
      lines: [],
      settings: onlineBlock({
        tenant: values.tenant,
        clientId: values.clientId,
        cloud: values.cloud,
        backend: backend.kind,
        credential:
          values.certificate === undefined ? { secret: "env:MAILCORDON_CLIENT_SECRET" } : { pem: "/etc/mailcordon/mailcordon.pem" },
        mailbox: values.mailboxes[0] ?? "soc@example.com",
      }),
    },
    {
      title: "Check that it works",
      about: [`mailcordon doctor --mailbox ${values.mailboxes[0] ?? "ADDRESS"}`],
      lines: [],
    },
  ];
}

const known: SetupStep = {
  title: "Make the application known to Exchange Online",
  about: ["Exchange Online assigns roles to this entry. Once is enough: if it exists already, ignore the error."],
  lines: registerInExchange,
};

function overEws(mailboxes: readonly string[]): readonly SetupStep[] {
  return [
    known,
    access(mailboxes),
    {
      title: "Let the application list and search mailboxes",
      about: [
        "Only actions that list mailboxes, or search all of them, need it. It takes effect after an hour.",
        "Whether Exchange Online answers an application here is not promised by Microsoft: `mailcordon doctor` tries it.",
      ],
      portal: "Exchange admin center > Roles > Admin roles > Discovery Management > Assigned",
      lines: discoveryRole(undefined),
    },
    {
      title: "Allow EWS for the application",
      about: [
        "Since October 2026 Exchange Online allows EWS only for listed applications; on 2027-04-01 it ends EWS.",
        "This replaces the whole list: the commands read it, add this application and write it back. EwsEnabled takes effect after about an hour, the list after up to 24.",
      ],
      lines: allowEws(undefined),
    },
  ];
}

const consentPortal =
  "the application > API permissions > Add a permission > Microsoft Graph > Application permissions, then Grant admin consent";

function overGraph(grants: readonly GraphGrant[], mailboxes: readonly string[]): readonly SetupStep[] {
  const [ofExchange, ofDirectory] = [grants.filter(({ role }) => role !== undefined), grants.filter(({ role }) => role === undefined)];
  const names = (some: readonly GraphGrant[]) => some.map(({ permission }) => permission);
  if (mailboxes.length === 0) {
    return [
      {
        title: "Give the application its permissions, for every mailbox",
        about: [
          `The least set: ${names(grants).join(", ")}. A permission that is there already is refused as such: that is no error.`,
          "To limit it to some mailboxes, print this again with --mailboxes and skip this step: grants add up, so consent here would undo the limit.",
        ],
        portal: consentPortal,
        lines: consentToGraph(names(grants)),
      },
    ];
  }
  const directory: SetupStep = {
    title: "Let the application list people",
    about: [
      "This permission is not for mailboxes, so no scope limits it. Only actions that list mailboxes or search all of them, and the finders of sweeps, need it.",
    ],
    portal: consentPortal,
    lines: consentToGraph(names(ofDirectory)),
  };
  return [
    ...(ofExchange.length === 0
      ? []
      : [
          known,
          {
            title: "Give the application access to some mailboxes (RBAC for Applications)",
            about: [
              "First list existing consent, and remove what is assigned here: grants add up. It takes effect after 30 minutes to 2 hours.",
              "The token then names no role for mailboxes; that is expected. The last command shows what applies to the first mailbox.",
            ],
            lines: [...showConsent, ...mailboxScope(mailboxes), ...grantInScope(grants), ...testAuthorization(mailboxes[0])],
          },
        ]),
    ...(ofDirectory.length === 0 ? [] : [directory]),
  ];
}

function registration(clientId: string | undefined): SetupStep {
  if (clientId !== undefined) {
    return {
      title: "Find the existing application",
      about: [],
      portal: "Entra admin center > App registrations > All applications",
      lines: findApplication(clientId),
    };
  }
  return {
    title: "Register the application",
    about: ["Leave the redirect URI empty. AppId is the client id for the settings."],
    portal: "Entra admin center > App registrations > New registration",
    lines: register,
  };
}

function credential(certificate: string | undefined): SetupStep {
  if (certificate === undefined) {
    return {
      title: "Create a client secret",
      about: [
        "SecretText is shown once: store it in a file or a variable that the settings name. A certificate is safer: its key is never sent.",
      ],
      portal: "the application > Certificates & secrets > Client secrets > New client secret",
      lines: addSecret,
    };
  }
  return {
    title: "Upload the certificate",
    about: [
      "Create the certificate on the machine that keeps the key, for example:",
      "openssl req -x509 -newkey rsa:3072 -sha256 -days 365 -nodes -subj /CN=mailcordon -keyout mailcordon.key -out mailcordon.cer",
    ],
    portal: "the application > Certificates & secrets > Certificates > Upload certificate",
    lines: addCertificate(certificate),
  };
}

function access(mailboxes: readonly string[]): SetupStep {
  if (mailboxes.length === 0) {
    return {
      title: "Give the application access to every mailbox",
      about: [
        "To limit it to some mailboxes, print this again with --mailboxes and skip this step: grants add up, so consent here would undo the limit.",
      ],
      portal:
        "the application > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > Application permissions > full_access_as_app, then Grant admin consent",
      lines: consentToAll,
    };
  }
  return {
    title: "Give the application access to some mailboxes (RBAC for Applications)",
    about: [
      "Remove full_access_as_app in API permissions if it has consent: grants add up. It takes effect after 30 minutes to 2 hours.",
      "The token then names no role; that is expected.",
    ],
    lines: allowMailboxes(mailboxes),
  };
}
