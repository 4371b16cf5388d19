import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Screen } from "../faces/cli/screen.ts";
import { commandWords, shellLines } from "../faces/cli/shell-command.ts";
import { harmless, wrap } from "../faces/cli/terminal.ts";
import { asFailure, errorCode, Failure, failures } from "../failure.ts";
import { account, clientId, cloud, ewsUrl, mailbox, path, secretPlace, tenant } from "../setup/check-values.ts";
import { onlineBlock, onPremisesBlock } from "../setup/settings-block.ts";
import { helpHint, readArguments } from "./command-arguments.ts";

const usage = `mailcordon init: writes mailcordon.yaml and checks the connection. On a terminal it asks for what no flag names.

mailcordon init online    Exchange Online, over Microsoft Graph.
  --tenant NAME         Id of the tenant or one of its domains.
  --client-id ID        Id of the application that an administrator registered.
                        None yet: mailcordon setup entra prints the commands.
  --certificate FILE    PEM file with its certificate and key.
  --client-secret PLACE Where its secret is, instead: env:NAME or file:PATH.
  --device-code         A person signs in instead, and opens their own mailboxes.
  --cloud NAME          worldwide (default), us-gcc-high, us-dod, china.
  --backend NAME        graph (default), or ews, which Exchange Online has blocked
                        by default since October 2026 and ends on 2027-04-01.

mailcordon init onprem    Exchange Server 2013 to SE, over EWS.
  --url URL             Address of EWS. Default: found by Autodiscover.
  --account NAME        Service account: soc@example.com or EXAMPLE\\soc.
  --password PLACE      Where its password is: env:NAME or file:PATH.
                        Default: env:MAILCORDON_PASSWORD.
  --ca-file FILE        Certificate (PEM) of a private authority.
  --delegate            The account has delegate rights, not impersonation.

mailcordon init --lab     The practice server: mailcordon lab --port 8026.
  --url URL             Another address of it.

  --mailbox ADDRESS     Mailbox for actions that name none.
  --config FILE         File to write. Default: mailcordon.yaml in this folder.
  --force               Replace a file that is there.
  --no-check            Do not run mailcordon doctor afterwards.
  --json                Print the report of the check as one JSON document.
  --help                Show this help.

The file names where each secret is, and contains none. Only you can read it.
`;

const hint = helpHint("init");
const labUrl = "http://127.0.0.1:8026/EWS/Exchange.asmx";

type Values = ReturnType<typeof readOptions>["values"];

/** Runs `mailcordon init` and returns the exit code: that of the check, if there is one. */
export async function runInit(args: readonly string[], screen: Screen): Promise<number> {
  const { values, positionals } = readOptions(args);
  if (values.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const [kind, stray] = positionals;
  if (stray !== undefined) throw new Failure("invalid-input", `Unexpected argument: ${stray}.`, { hint });
  const questions = openQuestions(screen);
  let made: Made;
  try {
    made = await settingsFor(await kindOf(kind, values, questions), values, questions);
  } finally {
    questions.close();
  }
  const file = resolve(values.config ?? "mailcordon.yaml");
  await write(file, made.text, values.force === true);
  screen.stderr.write(`Written: ${harmless(file)}\n${made.next.map((line) => `${line}\n`).join("")}`);
  if (values["no-check"]) return 0;
  const { runDoctor } = await import("./doctor-command.ts");
  const code = await runDoctor(["--config", file, ...(values.json ? ["--json"] : [])], screen);
  if (code !== 0 && made.administrator !== undefined)
    screen.stderr.write(`\nIf an administrator has not done this yet, this prints the commands for them:\n${made.administrator}\n`);
  return code;
}

interface Made {
  /** The text of mailcordon.yaml. */
  readonly text: string;
  /** What the person still does. */
  readonly next: readonly string[];
  /** The command that prints what an administrator does. */
  readonly administrator: string | undefined;
}

async function kindOf(kind: string | undefined, values: Values, questions: Questions): Promise<"online" | "onprem" | "lab"> {
  if (values.lab) {
    if (kind !== undefined) throw new Failure("invalid-input", `--lab excludes ${kind}.`, { hint });
    return "lab";
  }
  const check = (text: string) => {
    if (text === "online" || text === "onprem") return text;
    throw new Failure("invalid-input", "Use `mailcordon init online`, `mailcordon init onprem` or `mailcordon init --lab`.", { hint });
  };
  return kind === undefined
    ? questions.ask("Which Exchange: online or onprem?", "the kind, online or onprem", undefined, check)
    : check(kind);
}

async function settingsFor(kind: "online" | "onprem" | "lab", values: Values, questions: Questions): Promise<Made> {
  const foreign = {
    online: ["url", "account", "password", "ca-file", "delegate"],
    onprem: ["tenant", "client-id", "certificate", "client-secret", "device-code", "cloud", "backend"],
    lab: [
      "tenant",
      "client-id",
      "certificate",
      "client-secret",
      "device-code",
      "cloud",
      "backend",
      "account",
      "password",
      "ca-file",
      "delegate",
    ],
  } as const;
  const given = foreign[kind].find((name) => values[name] !== undefined);
  if (given !== undefined) throw new Failure("invalid-input", `--${given} does not apply to this kind of Exchange.`, { hint });
  if (kind === "lab") return labSettings(values);
  return kind === "online" ? onlineSettings(values, questions) : onPremisesSettings(values, questions);
}

function labSettings({ url = labUrl, mailbox: address = "soc@example.com" }: Values): Made {
  const text = onPremisesBlock({
    url: ewsUrl(url),
    account: "soc@example.com",
    password: "env:MAILCORDON_PASSWORD",
    delegate: false,
    mailbox: mailbox(address),
  });
  return {
    text,
    next: [
      "Start the lab in another terminal: mailcordon lab --port 8026",
      "Its password is not a secret: export MAILCORDON_PASSWORD=lab-password",
    ],
    administrator: undefined,
  };
}

async function onlineSettings(values: Values, { ask }: Questions): Promise<Made> {
  const credentials = ["certificate", "client-secret", "device-code"] as const;
  const [one, other] = credentials.filter((name) => values[name] !== undefined);
  if (other !== undefined) throw new Failure("invalid-input", `--${one} and --${other} exclude each other.`, { hint });
  const backend = values.backend ?? "graph";
  if (backend !== "graph" && backend !== "ews") throw new Failure("invalid-input", "--backend must be graph or ews.", { hint });
  const domain = await ask("Tenant (its id or a domain)", "--tenant", values.tenant, tenant);
  const id = await ask(
    "Client id of the application (`mailcordon setup entra` prints how to register one)",
    "--client-id",
    values["client-id"],
    clientId,
  );
  const credential =
    values["device-code"] === true
      ? ({ deviceCode: true } as const)
      : values["client-secret"] !== undefined
        ? { secret: secretPlace(values["client-secret"], "--client-secret") }
        : {
            pem: await ask(
              "PEM file with the certificate and key of the application",
              "--certificate, --client-secret or --device-code",
              values.certificate,
              (text) => path(text, "--certificate"),
            ),
          };
  const address = await ask("Mailbox for actions that name none", "--mailbox", values.mailbox, mailbox);
  const where = cloud(values.cloud ?? "worldwide");
  const text = onlineBlock({ tenant: domain, clientId: id, cloud: where, backend, credential, mailbox: address });
  const setup = {
    tenant: domain,
    "client-id": id,
    ...(where === "worldwide" ? {} : { cloud: where }),
    ...(backend === "ews" ? { backend } : {}),
  };
  return {
    text,
    next: [
      ...secretNote("secret" in credential ? credential.secret : undefined),
      ...(backend === "ews"
        ? ["Exchange Online has blocked EWS by default since October 2026 and ends it on 2027-04-01: mailcordon doctor --plan graph"]
        : []),
    ],
    administrator: shellLines(commandWords("setup entra", setup), 100, "  "),
  };
}

async function onPremisesSettings(values: Values, { ask }: Questions): Promise<Made> {
  const name = await ask("Service account (soc@example.com or EXAMPLE\\soc)", "--account", values.account, account);
  const address = await ask("Mailbox for actions that name none", "--mailbox", values.mailbox, mailbox);
  const password = secretPlace(values.password ?? "env:MAILCORDON_PASSWORD", "--password");
  const text = onPremisesBlock({
    url: values.url === undefined ? undefined : ewsUrl(values.url),
    account: name,
    password,
    delegate: values.delegate === true,
    caFile: values["ca-file"] === undefined ? undefined : path(values["ca-file"], "--ca-file"),
    mailbox: address,
  });
  const setup = { account: name, ...(values.delegate ? { mailboxes: address, delegate: true } : {}) };
  return { text, next: secretNote(password), administrator: shellLines(commandWords("setup onprem", setup), 100, "  ") };
}

/** Says where a secret must be, if it is not there yet. */
function secretNote(place: string | undefined): string[] {
  const [, name] = /^env:(.*)$/.exec(place ?? "") ?? [];
  if (name === undefined || process.env[name]) return [];
  return [`Put the secret into the environment variable ${harmless(name)}, or into a file that only you can read (file:PATH).`];
}

interface Questions {
  /**
   * Returns the checked value of a flag, or asks a person until the reply is valid.
   * @throws Failure `invalid-input` for a wrong flag, and for a missing one if nobody can be asked
   */
  ask<T>(question: string, flag: string, given: string | undefined, check: (text: string) => T): Promise<T>;
  close(): void;
}

/** A person who gives so many wrong replies needs the help. */
const mostReplies = 5;

function openQuestions(screen: Screen): Questions {
  const isTerminal = screen.stdin.isTTY === true && screen.stderr.isTTY === true;
  let lines: ReturnType<typeof createInterface> | undefined;
  let replies: AsyncIterator<string> | undefined;
  const stopped = new Promise<undefined>((resolve) => screen.signal.addEventListener("abort", () => resolve(undefined), { once: true }));
  /** The next line, also one that was typed or pasted before the question. */
  const reply = async (): Promise<string> => {
    lines ??= createInterface({ input: screen.stdin });
    replies ??= lines[Symbol.asyncIterator]();
    const line = await Promise.race([replies.next(), stopped]);
    if (line === undefined || line.done === true) {
      // Ctrl-C and Ctrl-D leave the cursor behind the question.
      screen.stderr.write("\n");
      throw new Failure("cancelled", "The questions were not all answered: nothing was written.");
    }
    return line.value.trim();
  };
  return {
    async ask(question, flag, given, check) {
      if (given !== undefined) return check(given);
      if (!isTerminal) throw new Failure("invalid-input", `Name ${flag}: there is no terminal to ask on.`, { hint });
      for (let tries = 0; tries < mostReplies; tries++) {
        screen.stderr.write(`${question}: `);
        const text = await reply();
        try {
          return check(text);
        } catch (thrown) {
          screen.stderr.write(`${wrap(harmless(asFailure(thrown).message), screen.stderr.columns || 80)}\n`);
        }
      }
      throw new Failure("invalid-input", `Name ${flag}: no reply was valid.`, { hint });
    },
    close: () => lines?.close(),
  };
}

/** Writes the file so that only its owner can read it. Throws Failure `invalid-input` if there is one, unless it is to be replaced. */
async function write(file: string, text: string, replaces: boolean): Promise<void> {
  const kind = replaces ? constants.O_TRUNC : constants.O_EXCL;
  try {
    const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | kind | (constants.O_NOFOLLOW ?? 0), 0o600);
    try {
      await handle.chmod(0o600);
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    const code = errorCode(thrown);
    const why =
      code === "EEXIST"
        ? "it exists. Nothing was changed: add --force to replace it, or name another file with --config"
        : `it cannot be written (${code})`;
    throw new Failure("invalid-input", `${file}: ${why}.`, { hint: failures["invalid-input"].hint, cause: thrown });
  }
}

function readOptions(args: readonly string[]) {
  const text = { type: "string" } as const;
  const toggle = { type: "boolean" } as const;
  const options = {
    ...{ tenant: text, "client-id": text, certificate: text, "client-secret": text, "device-code": toggle, cloud: text, backend: text },
    ...{ url: text, account: text, password: text, "ca-file": text, delegate: toggle, lab: toggle },
    ...{ mailbox: text, config: text, force: toggle, "no-check": toggle, json: toggle, help: { type: "boolean", short: "h" } as const },
  };
  return readArguments("init", args, options, true);
}
