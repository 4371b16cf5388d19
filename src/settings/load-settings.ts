import { dirname, resolve } from "node:path";
import type * as z from "zod";
import { Failure } from "../failure.ts";
import { didYouMean } from "../text/nearest-name.ts";
import { onlineEws, onlineGraph } from "../wire/sign-in/clouds.ts";
import { type AuditLocation, readAudit } from "./audit-settings.ts";
import { variables } from "./environment-variables.ts";
import { type EvidenceLocation, readEvidence } from "./evidence-settings.ts";
import { type GraphBehaviour, type MailboxList, readGraphBehaviour, readMailboxList } from "./graph-settings.ts";
import { type AutodiscoverOptions, type Network, readAutodiscover, readNetwork } from "./network-settings.ts";
import { credentials, type OAuth, readOAuth } from "./oauth-settings.ts";
import { fieldsOfMethod, type OnPremises, readOnPremises } from "./on-premises-settings.ts";
import { isTree, readYaml, type YamlTree } from "./read-yaml.ts";
import { parseSecretPlace, readSecret, type Secret, type SecretPlace } from "./secrets.ts";
import { findSettings, settingsPlaces } from "./settings-paths.ts";
import { defaultBackend, knownKeys, SettingsFile } from "./settings-schema.ts";
import { readSweepRules, type SweepRules } from "./sweep-settings.ts";

/** How one connection reaches Exchange, checked; its secrets are read. */
export interface Connection {
  readonly name: string;
  /** The mailbox if an action names none. */
  readonly mailbox: string | undefined;
  /** Exchange Web Services: their address, or how to find it. `caFile` is the path of a PEM file. */
  readonly ews: {
    readonly url: URL | undefined;
    readonly autodiscover: AutodiscoverOptions | undefined;
    readonly caFile: string | undefined;
    /** How to sign in to EWS, if it differs from Microsoft Graph. */
    readonly auth?: Connection["auth"] | undefined;
  };
  /** The back end of the mailboxes; `auto`: for each mailbox the back end that has it. */
  readonly backend: "ews" | "graph" | "auto";
  /** Microsoft Graph; `caFile` is the path of a PEM file. */
  readonly graph: {
    readonly url: URL;
    readonly caFile: string | undefined;
    readonly habits: GraphBehaviour;
    readonly mailboxList: MailboxList;
  };
  readonly network: Network;
  readonly auth: OnPremises | { readonly kind: "bearer"; readonly token: Secret } | OAuth;
  readonly access: "impersonation" | "delegate";
  /** The kind of name by which a mailbox without a SID is impersonated. */
  readonly impersonateBy: "smtp" | "primary_smtp" | "upn";
  /** Seconds; undefined is the default of the back end. */
  readonly timeouts: {
    readonly connect: number | undefined;
    readonly reply: number | undefined;
    readonly idle: number | undefined;
    readonly total: number | undefined;
  };
  /** Bytes; undefined is the default of the back end. */
  readonly maxReplyBytes: number | undefined;
  /** Seconds, and a number of requests; undefined is the default of the back end. */
  readonly throttling: { readonly maxWait: number | undefined; readonly maxConcurrency: number | undefined };
}

export interface Settings {
  readonly connection: Connection;
  /** The settings file, if mailcordon found it in the working directory or the user's configuration. */
  readonly foundFile: string | undefined;
  readonly evidence: EvidenceLocation;
  readonly audit: AuditLocation;
  /** Whether every MCP call except a read needs confirmation by a person. */
  readonly requirePerson: boolean;
}

/** Values of flags. They override the environment, which overrides the file. */
export interface SettingsFlags {
  readonly config?: string | undefined;
  readonly connection?: string | undefined;
  readonly evidenceDir?: string | undefined;
  readonly auditFile?: string | undefined;
}

export interface SettingsPlace {
  readonly flags?: SettingsFlags | undefined;
  /** Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: the working directory. */
  readonly directory?: string | undefined;
  /** Whether to ignore the variables: they are for one connection. Secrets are still read from the sources in the file. */
  readonly fileAlone?: boolean | undefined;
}

type File = z.input<typeof SettingsFile>;
type Environment = Readonly<Record<string, string | undefined>>;
/**
 * Returns the settings of one connection, from the file, the environment and the flags, in this order of rising precedence.
 * @throws Failure `invalid-settings` with each wrong field and its accepted values
 */
export async function loadSettings(place: SettingsPlace = {}): Promise<Settings> {
  const { flags, environment, directory, path, isFound, name, raw, merged } = await readSources(place);

  const parsed = SettingsFile.safeParse(merged);
  if (!parsed.success) {
    throw new Failure("invalid-settings", `${problemTexts(parsed.error, path)}${environmentOrigin(parsed.error, raw, name, environment)}`);
  }
  const { connections, evidence_dir, evidence_s3, audit_file, audit, mcp } = parsed.data;
  const chosen = connections[name];
  if (chosen === undefined) throw new Failure("invalid-settings", `connections.${name} is missing.`);

  const home = path === undefined ? directory : dirname(path);
  const absolutePathOf = (text: string | undefined, base: string) => (text === undefined || text === "" ? undefined : resolve(base, text));
  const secretOf = (field: string, text: string) =>
    readSecret(absoluteSecretPlace(text, home), `connections.${name}.${field}`, environment);
  const pathOf = (file: string) => resolve(home, file);
  const { backend, ews, graph, auth, access, mailbox, timeouts, throttling } = chosen;
  const cloud = auth.oauth?.cloud ?? "worldwide";
  const online = ews.autodiscover === undefined ? onlineEws(cloud) : undefined;
  return {
    connection: {
      name,
      mailbox,
      ews: {
        url: ews.url === undefined ? online : new URL(ews.url),
        autodiscover: ews.url === undefined ? readAutodiscover(chosen) : undefined,
        caFile: absolutePathOf(ews.ca_file, home),
        auth: ews.auth && authOf(ews.auth, (field, place) => secretOf(`ews.auth.${field}`, place), pathOf),
      },
      backend,
      graph: {
        url: graph.url === undefined ? onlineGraph(cloud) : new URL(graph.url),
        caFile: absolutePathOf(graph.ca_file, home),
        habits: readGraphBehaviour(graph, cloud),
        mailboxList: readMailboxList(graph, cloud),
      },
      network: readNetwork(chosen.proxy, chosen.tls, environment, secretOf),
      auth: authOf(auth, (field, place) => secretOf(`auth.${field}`, place), pathOf),
      // Exchange Online does not let a person who signs in impersonate others.
      impersonateBy: chosen.impersonate_by,
      access: access ?? ((auth.oauth ?? auth.auto?.oauth)?.device_code === true ? "delegate" : "impersonation"),
      timeouts: {
        connect: timeouts.connect_seconds,
        reply: timeouts.reply_seconds,
        idle: timeouts.idle_seconds,
        total: timeouts.total_seconds,
      },
      maxReplyBytes: chosen.max_reply_megabytes === undefined ? undefined : chosen.max_reply_megabytes * 1024 * 1024,
      throttling: { maxWait: throttling.max_wait_seconds, maxConcurrency: throttling.max_concurrency },
    },
    foundFile: isFound ? path : undefined,
    evidence: await readEvidence({ evidence_dir, evidence_s3 }, { flag: flags.evidenceDir, environment, directory, home }),
    audit: readAudit({ audit_file, audit }, { flag: flags.auditFile, environment, directory, home }),
    requirePerson: mcp.require_person,
  };
}

/** The settings that do not belong to one connection. */
export interface WrittenSettings {
  /** The section `serve`, unchecked. */
  readonly serve: unknown;
  /** `mcp.require_person`, which is checked when a connection is opened. */
  readonly requirePerson: boolean;
  readonly sweep: SweepRules;
  readonly connections: readonly string[];
  /** The default connection; undefined if the settings name none. */
  readonly defaultConnection: string | undefined;
  /** Folder to which paths in the file are relative. */
  readonly home: string;
  readonly path: string | undefined;
  /** The file, if mailcordon found it. */
  readonly foundFile: string | undefined;
}

/** Returns the settings of the audit log; no connection is needed. Throws Failure `invalid-settings`. */
export async function loadAudit({
  flags = {},
  environment = process.env,
  directory = process.cwd(),
}: SettingsPlace): Promise<AuditLocation & Pick<WrittenSettings, "serve" | "home" | "path">> {
  const found = findSettings(flags.config, environment, directory);
  const home = found === undefined ? directory : dirname(found.path);
  const raw = found === undefined ? {} : await readYaml(found);
  return { ...readAudit(raw, { flag: flags.auditFile, environment, directory, home }), serve: raw.serve, home, path: found?.path };
}

/** Returns the short names of actions in the settings. Throws Failure `invalid-settings`. */
export async function readAliases({
  flags = {},
  environment = process.env,
  directory = process.cwd(),
}: SettingsPlace = {}): Promise<Readonly<Record<string, string>>> {
  const found = findSettings(flags.config, environment, directory);
  const { aliases } = found === undefined ? {} : await readYaml(found);
  if (!isTree(aliases)) return {};
  return Object.fromEntries(Object.entries(aliases).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** Returns the settings of a program that opens all connections. Throws Failure `invalid-settings`. */
export async function readWrittenSettings({
  flags = {},
  environment = process.env,
  directory = process.cwd(),
}: SettingsPlace): Promise<WrittenSettings> {
  const found = findSettings(flags.config, environment, directory);
  const path = found?.path;
  const raw = found === undefined ? {} : await readYaml(found);
  const names = isTree(raw.connections) ? Object.keys(raw.connections) : [];
  const requested = flags.connection ?? (environment.MAILCORDON_CONNECTION || raw.default);
  const home = path === undefined ? directory : dirname(path);
  const foundFile = found?.isFound === true ? path : undefined;
  const rules = { requirePerson: isTree(raw.mcp) && raw.mcp.require_person === true, sweep: readSweepRules(raw.sweep) };
  const rest = { serve: raw.serve, ...rules, home, path, foundFile };
  if (names.length > 1 && requested === undefined) return { ...rest, connections: names, defaultConnection: undefined };
  const chosen = chooseConnection(
    raw,
    flags.connection ?? environment.MAILCORDON_CONNECTION,
    environment,
    path ?? settingsPlaces(environment, directory).join(" and "),
  );
  return { ...rest, connections: names.length === 0 ? [chosen] : names, defaultConnection: chosen };
}

async function readSources({ flags = {}, environment = process.env, directory = process.cwd(), fileAlone = false }: SettingsPlace) {
  const found = findSettings(flags.config, environment, directory);
  const path = found?.path;
  const raw = found === undefined ? {} : await readYaml(found);
  const requested = flags.connection ?? environment.MAILCORDON_CONNECTION;
  const name = chooseConnection(raw, requested, environment, path ?? settingsPlaces(environment, directory).join(" and "));
  const written = fileAlone ? raw : withEnvironment(raw, name, environment, directory);
  return { flags, environment, directory, path, isFound: found?.isFound === true, name, raw, written, merged: withBackends(written) };
}

/** Returns the settings with a back end for each connection that names none. */
function withBackends(tree: YamlTree): YamlTree {
  const { connections } = tree;
  if (!isTree(connections)) return tree;
  const filled = Object.entries(connections).map(([name, one]) => [name, isTree(one) ? { backend: defaultBackend(one), ...one } : one]);
  return { ...tree, connections: Object.fromEntries(filled) };
}

/**
 * Returns one connection from the file and the environment, unchecked: it contains no secrets, only their sources.
 * Throws Failure `invalid-settings`.
 */
export async function readWrittenConnection(place: SettingsPlace = {}): Promise<Readonly<Record<string, unknown>>> {
  const { name, written } = await readSources(place);
  return subtreeAt({ ...written }, ["connections", name]) ?? {};
}

function authOf(
  { bearer, oauth, ...methods }: z.output<typeof SettingsFile>["connections"][string]["auth"],
  secretOf: (field: string, text: string) => Secret,
  pathOf: (path: string) => string,
): Connection["auth"] {
  if (oauth !== undefined) return readOAuth(oauth, secretOf, pathOf);
  return readOnPremises(methods, secretOf, pathOf) ?? { kind: "bearer", token: secretOf("bearer.token", bearer?.token ?? "") };
}

function chooseConnection(raw: YamlTree, requested: string | undefined, environment: Environment, searchedPaths: string): string {
  const { connections, default: byDefault } = raw;
  const names = isTree(connections) ? Object.keys(connections) : [];
  const wanted = requested || (typeof byDefault === "string" ? byDefault : undefined);
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    const known = names.length === 0 ? "none" : names.join(", ");
    throw new Failure("invalid-settings", `There is no connection ${wanted} (the settings have: ${known}).${didYouMean(wanted, names)}`);
  }
  const [first, second] = names;
  if (
    first === undefined &&
    (environment.MAILCORDON_EWS_URL ||
      environment.MAILCORDON_AUTODISCOVER_ADDRESS ||
      environment.MAILCORDON_BACKEND ||
      environment.MAILCORDON_GRAPH_URL ||
      environment.MAILCORDON_CLIENT_ID)
  )
    return "environment";
  if (first === undefined) {
    throw new Failure(
      "invalid-settings",
      `No connection is set (searched ${searchedPaths}). Add one under connections in mailcordon.yaml, or set MAILCORDON_EWS_URL or MAILCORDON_BACKEND.`,
    );
  }
  if (second === undefined) return first;
  throw new Failure("invalid-settings", `default is missing; put one of: ${names.join(", ")}, or use --connection NAME.`);
}

/** Returns the file's tree with the replacements by the environment in the chosen connection. */
function withEnvironment(raw: YamlTree, name: string, environment: Environment, directory: string): File | YamlTree {
  const auth = ["connections", name, "auth"];
  const chosen = environment.MAILCORDON_AUTH || undefined;
  let tree = raw;
  if (chosen !== undefined) {
    tree = omitKeys(tree, auth, (method) => method !== chosen);
    tree = replaceAt(tree, [...auth, chosen], subtreeAt(tree, [...auth, chosen]) ?? {});
  }
  for (const [variable, path] of Object.entries(variables)) {
    const value = environment[variable];
    if (value === undefined || value === "") continue;
    let place: string[] = [...path];
    if (path[0] === "auth") {
      const [, usual, ...field] = path;
      const requested = usual === "oauth" ? usual : field[0];
      const method = signInMethodFor(usual, requested, chosen === undefined ? Object.keys(subtreeAt(tree, auth) ?? {}) : [chosen]);
      // The chosen sign-in method does not use the secret of another one.
      if (chosen !== undefined && method !== chosen) continue;
      // A token means bearer, whatever the file says; a client secret means no certificate.
      tree = omitKeys(tree, auth, (other) => other !== method);
      place = ["auth", method, ...(usual === "oauth" && method !== usual ? [usual] : []), ...field];
      // In auto a ready token replaces one that would be fetched, and vice versa.
      const rivals = ["token", "oauth"];
      if (rivals.includes(requested)) tree = omitKeys(tree, [...auth, "auto"], (other) => rivals.includes(other) && other !== requested);
    }
    if (path[1] === "oauth" && isCredential(path[2])) {
      const oauth = place.slice(0, place.indexOf("oauth") + 1);
      tree = omitKeys(tree, ["connections", name, ...oauth], (field) => isCredential(field) && field !== path[2]);
    }
    tree = replaceAt(tree, ["connections", name, ...place], settingValueOf(variable, value, directory));
  }
  return tree;
}

/** Returns the sign-in method for a value of the environment: a configured method that uses the field, otherwise the usual one. */
function signInMethodFor(usual: string, field: string, there: readonly string[]): string {
  return there.find((method) => fieldsOfMethod[method]?.includes(field)) ?? usual;
}

function subtreeAt(tree: YamlTree, path: readonly string[]): YamlTree | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return tree;
  const below = tree[step];
  return isTree(below) ? subtreeAt(below, rest) : undefined;
}

function isCredential(field: string): boolean {
  return credentials.some((one) => one === field);
}

/** Returns the tree without some keys of the object at the path. */
function omitKeys(tree: YamlTree, path: readonly string[], isMeant: (key: string) => boolean): YamlTree {
  const [step, ...rest] = path;
  if (step === undefined) return Object.fromEntries(Object.entries(tree).filter(([key]) => !isMeant(key)));
  const below = tree[step];
  return isTree(below) ? { ...tree, [step]: omitKeys(below, rest, isMeant) } : tree;
}

function settingValueOf(variable: string, value: string, directory: string): string | number {
  if (/_(?:SECONDS|CONCURRENCY|MEGABYTES)$/.test(variable)) return Number(value);
  if (["MAILCORDON_PASSWORD", "MAILCORDON_TOKEN", "MAILCORDON_CLIENT_SECRET"].includes(variable)) return `env:${variable}`;
  if (["MAILCORDON_CA_FILE", "MAILCORDON_CERTIFICATE_FILE", "MAILCORDON_FEDERATED_TOKEN_FILE"].includes(variable))
    return resolve(directory, value);
  return variable.endsWith("_FILE") ? `file:${resolve(directory, value)}` : value;
}

function replaceAt(tree: YamlTree, path: readonly string[], value: unknown): YamlTree {
  const [step, ...rest] = path;
  if (step === undefined) return tree;
  const below = tree[step];
  return { ...tree, [step]: rest.length === 0 ? value : replaceAt(isTree(below) ? below : {}, rest, value) };
}

function absoluteSecretPlace(text: string, home: string): SecretPlace {
  const place = parseSecretPlace(text) ?? { kind: "env", name: "" };
  return place.kind === "file" ? { kind: "file", name: resolve(home, place.name) } : place;
}

function problemTexts(error: z.ZodError, path: string | undefined): string {
  const words = error.issues.flatMap((issue) => {
    const where = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") return [`${where || "the settings"} ${issue.message}`];
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const at = where === "" ? "" : `${where}.`;
      return `${at}${key} is not a setting.${didYouMean(key, known, (found) => at + found) || ` Known here: ${known.join(", ")}.`}`;
    });
  });
  return `${path === undefined ? "" : `${path}: `}${words.join("; ")}`;
}

/** Returns the environment variables that set the wrong values: they are not in the file. */
function environmentOrigin(error: z.ZodError, raw: YamlTree, name: string, environment: Environment): string {
  const given = Object.entries(variables).filter(([variable, [first, second]]) => {
    if (!environment[variable]) return false;
    return error.issues.some(({ path: [, connection, ...rest] }) => {
      const steps = rest.map(String);
      const depth = first === "auth" ? steps.lastIndexOf(second ?? "") : steps.indexOf(first);
      return connection === name && depth >= 0 && subtreeAt(raw, ["connections", name, ...steps.slice(0, depth + 1)]) === undefined;
    });
  });
  const names = given.map(([variable]) => variable);
  return names.length === 0
    ? ""
    : `. The value comes from the environment, not from the file: ${names.join(", ")}. Unset the variables you do not need`;
}
