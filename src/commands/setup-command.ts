import type { Screen } from "../faces/cli/screen.ts";
import { Failure } from "../failure.ts";
import { detailsOf, leastOf } from "../graph/permissions.ts";
import { account, certificate, clientId, cloud, mailboxes, tenant } from "../setup/check-values.ts";
import { type EntraSetupValues, entraSteps } from "../setup/entra-setup.ts";
import { onPremisesSteps } from "../setup/on-premises-setup.ts";
import { type SetupStep, scriptOf } from "../setup/setup-step.ts";
import { planPortMethods } from "../sweeps/find/plan-port-methods.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { helpHint, parseActionNames, readArguments } from "./command-arguments.ts";

const usage = `mailcordon setup: prints the commands that connect mailcordon to Exchange. An administrator reads them and then runs them.
setup itself runs no command and connects to no server.

mailcordon setup entra     Exchange Online: register an application in Microsoft Entra and grant it access.
  --tenant NAME         Id of the tenant or one of its domains. Required.
  --client-id ID        Id of an existing application. Default: a new one is registered.
  --mailboxes LIST      Mailboxes it may open, comma-separated. Default: all.
  --certificate FILE    File with the public part of the certificate. Default: mailcordon.cer.
  --secret              Use a client secret instead of a certificate.
  --cloud NAME          worldwide (default), us-gcc-high, us-dod, china.
  --backend NAME        graph (default): Microsoft Graph. ews: only for what runs
                        today. Since October 2026 Exchange Online allows EWS
                        only for listed applications; on 2027-04-01 it ends EWS.
  --actions NAMES       Over Graph: actions to grant permissions for,
                        comma-separated. Default: all.
  --sweeps              Over Graph: also grant what sweep plan needs to find
                        mailboxes by groups and by message trace.

mailcordon setup onprem    Exchange Server 2013 to SE: for the Exchange Management Shell.
  --account NAME        Service account: soc@example.com or EXAMPLE\\soc. Required.
  --mailboxes LIST      Mailboxes it may open, comma-separated. Default: all.
  --delegate            Grant rights as a delegate of these mailboxes instead of impersonation. Needs --mailboxes.

  --json                Print the steps as one JSON document.
  --help                Show this help.
`;

/** Runs `mailcordon setup` and returns the exit code. The script is redirected to a file as it is, so it is text even outside a terminal. */
export async function runSetup(args: readonly string[], screen: Screen): Promise<number> {
  const { values, positionals } = readOptions(args);
  const [kind, ...rest] = positionals;
  if (values.help || kind === undefined) {
    screen.stdout.write(usage);
    return kind === undefined && !values.help ? 2 : 0;
  }
  if (rest.length > 0) throw new Failure("invalid-input", `Unexpected argument: ${rest[0]}.`, { hint });
  const [title, steps] = await stepsOf(kind, values);
  screen.stdout.write(
    values.json ? `${harmlessJson({ success: true, title, steps }, screen.stdout.isTTY ? 2 : 0)}\n` : `${scriptOf(title, steps)}\n`,
  );
  return 0;
}

const hint = helpHint("setup");

type Values = ReturnType<typeof readOptions>["values"];

async function stepsOf(kind: string, values: Values): Promise<readonly [string, readonly SetupStep[]]> {
  const some = mailboxes(values.mailboxes ?? []);
  switch (kind) {
    case "entra":
      refuseFlags(values, ["account", "delegate"], kind);
      if (values.actions !== undefined && values.backend === "ews")
        throw new Failure("invalid-input", "--actions excludes --backend ews: over EWS all actions use one permission.", { hint });
      if (values.sweeps === true && values.backend === "ews")
        throw new Failure("invalid-input", "--sweeps excludes --backend ews: over EWS sweeps need no other permission.", { hint });
      return [
        "Connect mailcordon to Exchange Online",
        entraSteps({
          tenant: tenant(demandValue(values.tenant, "--tenant")),
          cloud: cloud(values.cloud ?? "worldwide"),
          clientId: values["client-id"] === undefined ? undefined : clientId(values["client-id"]),
          mailboxes: some,
          certificate: values.secret ? undefined : certificate(values.certificate ?? "mailcordon.cer"),
          backend: await backend(values.backend ?? "graph", values.actions, values.sweeps === true),
        }),
      ];
    case "onprem":
      refuseFlags(values, ["tenant", "client-id", "certificate", "secret", "cloud", "backend", "actions", "sweeps"], kind);
      if (values.delegate && some.length === 0) throw new Failure("invalid-input", "--delegate needs --mailboxes.", { hint });
      return [
        "Connect mailcordon to Exchange Server",
        onPremisesSteps({
          account: account(demandValue(values.account, "--account")),
          mailboxes: some,
          delegate: values.delegate === true,
        }),
      ];
    default:
      throw new Failure("invalid-input", "Use `mailcordon setup entra` or `mailcordon setup onprem`.", { hint });
  }
}

async function backend(name: string, actions: string | undefined, sweeps: boolean): Promise<EntraSetupValues["backend"]> {
  switch (name) {
    case "ews":
      return { kind: "ews" };
    case "graph":
      return {
        kind: "graph",
        grants: leastOf([...(await parseActionNames(actions)), ...(sweeps ? (planPortMethods.sometimes ?? []) : [])]).map((permission) => ({
          permission,
          role: detailsOf(permission).role,
        })),
      };
    default:
      throw new Failure("invalid-input", "--backend must be ews or graph.", { hint });
  }
}

function refuseFlags(values: Values, foreign: readonly (keyof Values)[], kind: string): void {
  const given = foreign.find((name) => values[name] !== undefined);
  if (given !== undefined) throw new Failure("invalid-input", `--${given} is not a flag of \`mailcordon setup ${kind}\`.`, { hint });
}

function demandValue(value: string | undefined, flag: string): string {
  if (value === undefined) throw new Failure("invalid-input", `${flag} is missing.`, { hint });
  return value;
}

function readOptions(args: readonly string[]) {
  const text = { type: "string" } as const;
  const toggle = { type: "boolean" } as const;
  const options = {
    ...{ tenant: text, "client-id": text, certificate: text, cloud: text, account: text, backend: text, actions: text },
    ...{ mailboxes: { type: "string", multiple: true } as const },
    ...{ sweeps: toggle, secret: toggle, delegate: toggle, json: toggle, quiet: toggle, help: { type: "boolean", short: "h" } as const },
  };
  return readArguments("setup", args, options, true);
}
