import { appendFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Screen } from "../faces/cli/screen.ts";
import { errorCode, Failure } from "../failure.ts";
import { readRegularSync } from "../files/regular-file.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { didYouMean } from "../text/nearest-name.ts";
import { helpHint, readArguments } from "./command-arguments.ts";
import { banner, greeting, settingsYaml } from "./lab-greeting.ts";

const usage = `mailcordon lab: a practice Exchange. It is not Exchange, but it behaves like
one.

  --port N        Port to listen on. Default: a free port.
  --host HOST     Address to listen on. Default: 127.0.0.1, so only this machine
                  can reach the lab.
  --import DIR    Folder of .eml files to deliver. The lab keeps their bytes.
  --invite LIST   Mailboxes that get a meeting invitation, comma-separated.
  --fault TEXT    Deliberate fault: kind:operation:first:times and options, such
                  as 503 or server-busy-item:GetItem:1:2,backOffMs=500. Can be
                  repeated.
  --habits LIST   Habits of servers other than Exchange, comma-separated, such as
                  opens-deleted,missing:ExportItems.
  --throttle LIST Limits of concurrent requests, comma-separated, such as
                  graph-application,ews:27. The lab turns away every request
                  above a limit.
  --mailboxes N   Add N mailboxes (at most 100000), box00001@example.com and so
                  on, with a campaign in every hundredth. A mailbox is made when
                  it is first opened.
  --messages N    Messages in each of these mailboxes, at most 10000. Default: 50.
  --auth LIST     Sign-in schemes: basic, ntlm and negotiate, comma-separated.
                  Default: basic.
  --extended-protection WORD
                  Channel binding of NTLM over TLS: none, allow (a binding that
                  is sent must be right) or require. Default: allow.
  --tls-cert FILE, --tls-key FILE
                  Certificate and key (PEM) for https.
  --entra         Add a tenant of Microsoft Entra ID, where an application gets
                  tokens with a client secret.
  --entra-cert FILE
                  Add the tenant; the application gets tokens with this
                  certificate. The file (PEM) also contains its key, which only
                  mailcordon reads.
  --entra-federated FILE
                  Add the tenant; the application gets tokens with the token of
                  another issuer, which the lab writes to this file.
  --entra-block   Add the tenant, and block EWS for the application, as Exchange
                  Online does.
  --graph-permissions LIST
                  With --entra: the application's permissions for Microsoft
                  Graph, such as Mail.Read,User.ReadBasic.All. Default: all.
  --graph-mailboxes LIST
                  With --entra: the only mailboxes that the application may open,
                  as with RBAC for Applications; its token does not name them.
  --on-premises LIST
                  Mailboxes outside the cloud, which Graph does not reach.
  --unlicensed LIST
                  People without a licence, whom Graph does not reach either.
  --proxy         Add a proxy that leads only to the lab, also under the names
                  mail.example.com and autodiscover.example.com.
  --proxy-user NAME:PASSWORD
                  Add the proxy, and let only this user pass.
  --autodiscover KIND
                  Make Autodiscover fail or lie, such as refuse:404 or
                  answer:https://mail.example.net/EWS/Exchange.asmx. Clients
                  reach it through the proxy.
  --acts FILE     Append each move, copy and deletion of a message to this
                  file, as one JSON line.
  --json          Print how to reach the lab as one JSON document, even on a
                  terminal.
  --quiet         Print nothing on standard error.
  --help          Show this text and every fault, habit, throttling mode
                  and behaviour of Autodiscover.
`;

/** Runs `mailcordon lab`: starts the lab, prints how to reach it, and waits until it is stopped. Returns the exit code. */
export async function runLab(args: readonly string[], screen: Screen): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    const { autodiscoverKinds, faultKinds, serverVariants, throttlingModes } = await import("../lab/practice.ts");
    const { definitionList } = await import("../faces/cli/help.ts");
    const list = (args: Readonly<Record<string, string>>) => definitionList(Object.entries(args), screen.stdout.columns || 100);
    screen.stdout.write(
      `${usage}\nFaults:\n${list(faultKinds)}\n\nHabits:\n${list(serverVariants)}\n\nThrottling:\n${list(throttlingModes)}\n\nAutodiscover:\n${list(autodiscoverKinds)}\n`,
    );
  } else await serve(options, screen);
  return 0;
}

type Options = ReturnType<typeof readOptions>;

function readOptions(args: readonly string[]) {
  const options = {
    port: { type: "string" },
    host: { type: "string" },
    import: { type: "string" },
    invite: { type: "string" },
    fault: { type: "string", multiple: true },
    habits: { type: "string" },
    throttle: { type: "string" },
    mailboxes: { type: "string" },
    messages: { type: "string" },
    auth: { type: "string" },
    "extended-protection": { type: "string" },
    "tls-cert": { type: "string" },
    "tls-key": { type: "string" },
    entra: { type: "boolean" },
    "entra-cert": { type: "string" },
    "entra-federated": { type: "string" },
    "entra-block": { type: "boolean" },
    "graph-permissions": { type: "string" },
    "graph-mailboxes": { type: "string" },
    "on-premises": { type: "string" },
    unlicensed: { type: "string" },
    proxy: { type: "boolean" },
    "proxy-user": { type: "string" },
    autodiscover: { type: "string" },
    acts: { type: "string" },
    json: { type: "boolean" },
    quiet: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  return readArguments("lab", args, options).values;
}

async function serve(options: Options, screen: Screen): Promise<void> {
  const practice = await import("../lab/practice.ts");
  const { labPassword, labPermissions, labToken, operationNames, parseFault, socAddress, startLab } = practice;
  const port = options.port === undefined ? 0 : Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Failure("invalid-input", "--port must be a number from 0 to 65535.");
  const many = manyOf(options);
  const signIn = signInOf(options);
  const proxyUser = proxyUserOf(options);
  const withProxy = options.proxy === true || proxyUser !== undefined;
  const ofEntra = (["graph-permissions", "graph-mailboxes"] as const).find((name) => options[name] !== undefined);
  if (ofEntra !== undefined && !withEntra(options))
    throw new Failure("invalid-input", `--${ofEntra} needs --entra.`, { hint: helpHint("lab") });
  const lab = await asLabFailure(async () => {
    const faults = (options.fault ?? []).map(parseFault);
    for (const { operation } of faults)
      if (operation !== undefined && !operationNames.includes(operation)) throw new Error(noOperation(operation, operationNames));
    const graph = { tokens: { [labToken]: labPermissions } };
    const tenant = withEntra(options) ? await tenantOf(options, practice) : undefined;
    const policy = options["entra-block"] === true ? { ewsEnabled: true, ewsAllowedAppIDs: [] } : undefined;
    const rules = options.autodiscover === undefined ? [] : [{ behave: practice.parseAutodiscover(options.autodiscover) }];
    const tls = tlsOf(options);
    // A name that the certificate may contain and the Autodiscover client trusts.
    const place = withProxy && tls !== undefined ? { externalUrl: "https://mail.example.com/EWS/Exchange.asmx" } : {};
    const autodiscover = { rules, ...place };
    const { host, import: importDir } = options;
    const habits = listOf(options.habits);
    const limits = { many, throttling: practice.parseThrottling(listOf(options.throttle) ?? []) };
    const people = { onPremises: listOf(options["on-premises"]), unlicensed: listOf(options.unlicensed), invited: listOf(options.invite) };
    return startLab({ host, port, importDir, ...people, ...limits, faults, habits, signIn, tls, graph, tenant, policy, autodiscover });
  });
  const { acts } = options;
  if (acts !== undefined) lab.store.acts.onAct = (act) => appendFileSync(acts, `${JSON.stringify(act)}\n`);
  let proxy: Awaited<ReturnType<typeof practice.startProxy>> | undefined;
  try {
    if (withProxy)
      proxy = await practice.startProxy({
        host: options.host,
        routes: routesTo(new URL(lab.url)),
        users: proxyUser && { [proxyUser.username]: proxyUser.password },
      });
    const certificate = options["tls-cert"] && resolve(options["tls-cert"]);
    const examples = { host: lab.url, application: practice.practiceApplication, username: socAddress, password: labPassword };
    const hybrid = withEntra(options) && options["on-premises"] !== undefined && (signIn?.schemes ?? ["Basic"]).includes("Basic");
    const example = signInExampleOf(options, signIn?.schemes ?? ["Basic"], examples);
    const environment = {
      MAILCORDON_EWS_URL: lab.ewsUrl,
      ...(certificate === undefined ? {} : { MAILCORDON_CA_FILE: certificate }),
      ...example.environment,
      MAILCORDON_MAILBOX: socAddress,
      ...(hybrid ? { LAB_PASSWORD: labPassword } : {}),
      ...(proxyUser === undefined ? {} : { MAILCORDON_PROXY_PASSWORD: proxyUser.password }),
    };
    const discovered = proxy !== undefined && options.autodiscover !== undefined;
    const where = discovered ? "autodiscover: true" : `url: "${lab.ewsUrl}"`;
    const json = screen.stdout.isTTY !== true || options.json === true;
    const document = {
      banner,
      ews_url: lab.ewsUrl,
      graph_url: lab.graphUrl,
      graph_token: labToken,
      ...(proxy === undefined ? {} : { proxy_url: proxy.url }),
      user: socAddress,
      password: labPassword,
      ...(lab.entra === undefined ? {} : { device_login_url: `${lab.url}/device` }),
      environment,
      mailcordon_yaml: settingsYaml(
        { where, graph: lab.graphUrl, hybrid },
        socAddress,
        example,
        certificate,
        proxy && { url: proxy.url, username: proxyUser?.username },
      ),
    };
    screen.stdout.write(json ? `${harmlessJson(document)}\n` : greeting(document));
    await untilAborted(screen.signal);
  } finally {
    await proxy?.close();
    await lab.close();
  }
}

function proxyUserOf({ "proxy-user": given }: Options): { readonly username: string; readonly password: string } | undefined {
  if (given === undefined) return undefined;
  const [, username, password] = /^([^:]+):(.+)$/s.exec(given) ?? [];
  if (username !== undefined && password !== undefined) return { username, password };
  throw new Failure("invalid-input", "--proxy-user must be a name and a password, separated by a colon.", { hint: helpHint("lab") });
}

/** Returns the names that the proxy leads to the lab: its own address, and the names that Autodiscover requests and returns. */
function routesTo({ protocol, hostname, host }: URL): Readonly<Record<string, string>> {
  const names = ["example.com", "autodiscover.example.com", "mail.example.com"];
  const port = protocol === "https:" ? 443 : 80;
  const to = host === hostname ? `${hostname}:${port}` : host;
  return Object.fromEntries([[to, to], ...names.map((name) => [`${name}:${port}`, to])]);
}

function withEntra(options: Options): boolean {
  const { entra, "entra-block": block, "entra-cert": certificate, "entra-federated": federated } = options;
  return entra === true || block === true || certificate !== undefined || federated !== undefined;
}

type LabModule = typeof import("../lab/practice.ts");

/** Writes the other issuer's token to its file if requested; only the file's owner may read it. */
async function tenantOf(options: Options, { practiceFederation, practiceTenant }: LabModule) {
  const { "entra-cert": pem, "entra-federated": file } = options;
  if (pem !== undefined && file !== undefined)
    throw new Failure("invalid-input", "--entra-cert and --entra-federated exclude each other.", { hint: helpHint("lab") });
  const federation = file === undefined ? undefined : await practiceFederation();
  if (file !== undefined) writeFileSync(file, `${federation?.token}\n`, { mode: 0o600 });
  return practiceTenant({
    certificate: pem && readRegularSync(pem).toString("utf8"),
    federation,
    graph: listOf(options["graph-permissions"]),
    mailboxes: listOf(options["graph-mailboxes"]),
  });
}

function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").flatMap((one) => one.trim() || []);
}

interface SignInExamples {
  /** Base URL of the lab. */
  readonly host: string;
  readonly application: { readonly tenant: string; readonly clientId: string; readonly secret: string };
  readonly username: string;
  readonly password: string;
}

/** Returns an example sign-in: as environment variables, and as the value of `auth` in mailcordon.yaml, on one line. */
function signInExampleOf(options: Options, offered: readonly string[], { host, application, username, password }: SignInExamples) {
  if (withEntra(options)) {
    const { tenant, clientId, secret } = application;
    const { proof, environment } = proofOf(options, secret);
    const oauth = (credential: string) => `oauth: { tenant: "${tenant}", client_id: "${clientId}", ${credential}, authority: "${host}" }`;
    return {
      environment: { MAILCORDON_AUTHORITY: host, MAILCORDON_TENANT: tenant, MAILCORDON_CLIENT_ID: clientId, ...environment },
      settings: oauth(proof),
      person: oauth("device_code: true"),
    };
  }
  const example = offered.includes("Basic") ? "basic" : "ntlm";
  return {
    environment: {
      ...(example === "basic" ? {} : { MAILCORDON_AUTH: example }),
      MAILCORDON_USERNAME: username,
      MAILCORDON_PASSWORD: password,
    },
    settings: `${example}: { username: "${username}", password: "env:MAILCORDON_PASSWORD" }`,
  };
}

/** Returns the application's credential: for mailcordon.yaml, and for the environment where variables can express it. */
function proofOf(options: Options, secret: string): { readonly proof: string; readonly environment: Readonly<Record<string, string>> } {
  const { "entra-cert": pem, "entra-federated": token } = options;
  if (token !== undefined)
    return {
      proof: `federated_token_file: ${JSON.stringify(resolve(token))}`,
      environment: { MAILCORDON_FEDERATED_TOKEN_FILE: resolve(token) },
    };
  if (pem !== undefined)
    return {
      proof: `certificate: { pem: ${JSON.stringify(resolve(pem))} }`,
      environment: { MAILCORDON_CERTIFICATE_FILE: resolve(pem) },
    };
  return { proof: 'client_secret: "env:MAILCORDON_CLIENT_SECRET"', environment: { MAILCORDON_CLIENT_SECRET: secret } };
}

/** Case is that of Exchange's own words. */
const schemes = { basic: "Basic", ntlm: "NTLM", negotiate: "Negotiate" } as const;
const protections = { none: "None", allow: "Allow", require: "Require" } as const;

function signInOf({ auth, "extended-protection": protection }: Options) {
  if (auth === undefined && protection === undefined) return undefined;
  return {
    schemes: (auth ?? "basic").split(",").map((name) => schemes[oneOf(schemes, name, "--auth")]),
    extendedProtection: protections[oneOf(protections, protection ?? "allow", "--extended-protection")],
  };
}

function oneOf<Word extends string>(args: Readonly<Record<Word, unknown>>, given: string, flag: string): Word {
  const isWord = (word: string): word is Word => Object.hasOwn(args, word);
  const word = given.trim().toLowerCase();
  if (isWord(word)) return word;
  throw new Failure("invalid-input", `${flag} must be one of ${Object.keys(args).join(", ")}.`, { hint: helpHint("lab") });
}

function tlsOf(options: Options): { readonly cert: string; readonly key: string } | undefined {
  const { "tls-cert": cert, "tls-key": key } = options;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new Failure("invalid-input", "--tls-cert and --tls-key need each other.", { hint: helpHint("lab") });
  return { cert: readRegularSync(cert).toString("utf8"), key: readRegularSync(key).toString("utf8") };
}

function noOperation(name: string, known: readonly string[]): string {
  return `--fault: there is no operation ${name}.${didYouMean(name, known) || ` The operations are: ${known.join(", ")}.`}`;
}

/** The lab does not import our code, so its errors for wrong options become a Failure here. */
async function asLabFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const taken = errorCode(thrown) === "EADDRINUSE";
    const why = taken ? "the port is taken." : thrown instanceof Error ? thrown.message : "unknown";
    throw new Failure("invalid-input", `The lab does not start: ${why}`, {
      hint: taken ? "Choose another port with --port, or leave out --port for a free one." : helpHint("lab"),
      cause: thrown,
    });
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Throws Failure `invalid-input`. */
function manyOf({ mailboxes, messages }: Options) {
  const number = (flag: string, text: string, most: number) => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > most) throw new Failure("invalid-input", `--${flag} must be a number from 1 to ${most}.`);
    return value;
  };
  if (mailboxes === undefined) {
    if (messages !== undefined) throw new Failure("invalid-input", "--messages needs --mailboxes.", { hint: helpHint("lab") });
    return undefined;
  }
  return {
    mailboxes: number("mailboxes", mailboxes, 100_000),
    messages: messages === undefined ? undefined : number("messages", messages, 10_000),
  };
}
