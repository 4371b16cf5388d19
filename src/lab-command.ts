import { helpOf, readCommandWords } from "./command-words.ts";
import type { Screen } from "./faces/cli.ts";
import { jsonText } from "./faces/json.ts";
import { Failure } from "./failure.ts";
import { didYouMean } from "./spelling.ts";

const usage = `mailcordon lab: an Exchange to practise on. It is not Exchange, but it has its habits.

  --port N        Port to listen on. Default: a free one.
  --host HOST     Address to listen on. Default: 127.0.0.1, so that only this machine reaches it.
  --import DIR    Deliver the .eml files of a folder; their bytes are kept.
  --fault TEXT    Fail on purpose: kind:operation:first:times and options, such as 503 or server-busy-item:GetItem:1:2,backOffMs=500.
                  May be repeated.
  --json          Say how to reach it as one JSON document, also on a terminal.
  --quiet         Nothing on standard error.
  --help          Show this and every fault.
`;

/** `mailcordon lab`: starts the lab, says how to reach it, and runs until it is stopped. Gives the exit code. */
export async function runLab(words: readonly string[], screen: Screen): Promise<number> {
  const options = readOptions(words);
  if (options.help) {
    const { faultKinds } = await import("./lab/practice.ts");
    const kinds = Object.entries(faultKinds).map(([kind, meaning]) => `  ${kind.padEnd(24)}${meaning}\n`);
    screen.stdout.write(`${usage}\nFaults:\n${kinds.join("")}`);
  } else await serve(options, screen);
  return 0;
}

type Options = ReturnType<typeof readOptions>;

function readOptions(words: readonly string[]) {
  const options = {
    port: { type: "string" },
    host: { type: "string" },
    import: { type: "string" },
    fault: { type: "string", multiple: true },
    json: { type: "boolean" },
    quiet: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  return readCommandWords("lab", words, options).values;
}

async function serve(options: Options, screen: Screen): Promise<void> {
  const { labPassword, operationNames, parseFault, socAddress, startLab } = await import("./lab/practice.ts");
  const port = options.port === undefined ? 0 : Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Failure("invalid-input", "--port: put a number from 0 to 65535.");
  const lab = await refused(async () => {
    const faults = (options.fault ?? []).map(parseFault);
    for (const { operation } of faults) {
      if (operation !== undefined && !operationNames.includes(operation)) throw new Error(noOperation(operation, operationNames));
    }
    return startLab({ host: options.host, port, importDir: options.import, faults });
  });
  try {
    const environment = {
      MAILCORDON_EWS_URL: lab.ewsUrl,
      MAILCORDON_USERNAME: socAddress,
      MAILCORDON_PASSWORD: labPassword,
      MAILCORDON_MAILBOX: socAddress,
    };
    const json = screen.stdout.isTTY !== true || options.json === true;
    const document = {
      banner,
      ews_url: lab.ewsUrl,
      user: socAddress,
      password: labPassword,
      environment,
      mailcordon_yaml: yaml(lab.ewsUrl, socAddress),
    };
    screen.stdout.write(json ? `${jsonText(document)}\n` : greeting(lab.ewsUrl, environment, socAddress));
    await stopped(screen.signal);
  } finally {
    await lab.close();
  }
}

function noOperation(name: string, known: readonly string[]): string {
  return `--fault: there is no operation ${name}.${didYouMean(name, known) || ` There are: ${known.join(", ")}.`}`;
}

const banner = "This is the practice Exchange of mailcordon. It is not Exchange, and nothing in it is real.";

function greeting(url: string, environment: Readonly<Record<string, string>>, user: string): string {
  const lines = Object.entries(environment).map(([name, value]) => `  export ${name}=${value}`);
  return `${banner}

It listens on ${url} until you press Ctrl-C. In another terminal, either set the environment:

${lines.join("\n")}

or put this into mailcordon.yaml, and only the password into the environment:

${yaml(url, user).replace(/^(?=.)/gm, "  ")}
Then try: mailcordon search-emails-extended --mailboxes all
`;
}

function yaml(url: string, user: string): string {
  return `default: lab
connections:
  lab:
    ews: { url: "${url}" }
    auth:
      basic: { username: "${user}", password: "env:MAILCORDON_PASSWORD" }
    mailbox: "${user}"
`;
}

/** The lab imports nothing of ours: what it throws for wrong options becomes a Failure here. */
async function refused<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new Failure("invalid-input", `The lab does not start: ${thrown instanceof Error ? thrown.message : "unknown"}`, {
      hint: helpOf("lab"),
      cause: thrown,
    });
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
