import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { Failure } from "../failure.ts";
import type { SettingsPlace, WrittenSettings } from "./load-settings.ts";
import { readFileSetting } from "./read-named-file.ts";
import { parseSecretPlace, readSecret } from "./secrets.ts";
import { expected, isLoopback, isPrivate, isWebAddress, secret, text } from "./setting-fields.ts";
import { defaultStateDir } from "./settings-paths.ts";

const count = (what: string, least: number, most: number) =>
  z.number(expected(what)).int(expected(what)).min(least, expected(what)).max(most, expected(what));
const file = (what: string) => text(`the path of the PEM file with ${what}`);
const publicWords = "the address that clients use, such as https://mailcordon.example.com";
const issuerWords = "the https address of the issuer, such as https://login.example.com/tenant/v2.0";
const isIssuer = (value: string) => isWebAddress(value) && isPrivate(value);

const Oidc = z.strictObject({
  issuer: z.string(expected(issuerWords)).refine(isIssuer, expected(issuerWords)),
  audience: text("the audience that tokens for this server have"),
  roles_claim: text("the claim that lists the roles").default("roles"),
  jwks_url: z
    .string(expected("the https address of the issuer's keys"))
    .refine(isIssuer, expected("the https address of the issuer's keys"))
    .optional(),
  require_mailboxes: z.boolean(expected("true to refuse tokens without the claim mailcordon_mailboxes")).default(false),
});

/** `serve` in mailcordon.yaml. */
export const ServeSettings = z.strictObject({
  host: text("the address to listen on, such as 127.0.0.1").default("127.0.0.1"),
  port: count("a port from 0 to 65535; 0 is any free one", 0, 65_535).default(8025),
  tls: z.strictObject({ cert_file: file("the certificate"), key_file: file("its key") }).optional(),
  behind_proxy: z.boolean(expected("true if a proxy in front of the server ends TLS")).default(false),
  public_url: z.string(expected(publicWords)).refine(isWebAddress, expected(publicWords)).optional(),
  state_dir: text("the folder for keys and jobs").optional(),
  database_url: secret.optional(),
  oidc: Oidc.optional(),
  // 25 MiB is what Exchange Online takes in one message by default, and base64 makes a third more of it.
  max_body_mb: count("megabytes from 1 to 1024", 1, 1024).default(40),
  max_concurrency: count("the maximum number of calls at a time, from 1 to 1000", 1, 1000).default(64),
  timeout_seconds: count("seconds from 1 to 86400", 1, 86_400).default(300),
  // A day is enough to repeat a call that failed, and to fetch what a job found.
  keep_hours: count("hours from 1 to 8760", 1, 8760).default(24),
  key_days: count("days from 1 to 36500 until a new API key expires", 1, 36_500).optional(),
  sweeps: z.boolean(expected("false to leave sweeps to `mailcordon worker` and `mailcordon sweep`")).default(true),
  metrics: z.enum(["key", "loopback"], expected("key, or loopback to serve /metrics to this machine without an API key")).default("key"),
});

/** The checked settings of the server, with its secrets. */
export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly behindProxy: boolean;
  /** Without a slash at its end; empty when none is set. */
  readonly publicUrl: string;
  readonly stateDir: string;
  readonly databaseUrl: string | undefined;
  readonly oidc:
    | {
        readonly issuer: string;
        readonly audience: string;
        readonly rolesClaim: string;
        readonly jwksUrl: string | undefined;
        readonly requireMailboxes: boolean;
      }
    | undefined;
  readonly maxBodyBytes: number;
  readonly maxConcurrency: number;
  readonly timeoutMs: number;
  readonly keepHours: number;
  /** Days until an API key ends that is made without a time of its own; undefined: it does not end. */
  readonly keyDays: number | undefined;
  /** Whether the server works on sweeps. */
  readonly worksOnSweeps: boolean;
  /** /metrics needs no key on a connection from this machine. */
  readonly openMetrics: boolean;
}

/** Values from flags; they override the file. */
export interface ServeFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * Returns the section `serve` of the settings, overridden by flags.
 * @throws Failure `invalid-settings` naming each wrong field, and for a server to which anybody on the network could listen
 */
export function readServe(
  written: Pick<WrittenSettings, "serve" | "home" | "path">,
  flags: ServeFlags = {},
  place: Pick<SettingsPlace, "environment"> = {},
): ServerSettings {
  const { environment = process.env } = place;
  const parsed = ServeSettings.safeParse(written.serve ?? {});
  if (!parsed.success) throw new Failure("invalid-settings", problemTexts(parsed.error, written.path));
  const { tls, oidc, database_url, behind_proxy, ...said } = parsed.data;
  const host = flags.host ?? said.host;
  const databaseUrl = databaseOf(database_url, written.home, environment);
  const pathOf = (path: string) => resolve(written.home, path);
  if (!isOwnHost(host) && tls === undefined && !behind_proxy) {
    throw new Failure(
      "invalid-settings",
      `serve.host: other machines can reach ${host}, and there is no TLS: API keys and messages could be read on the network path.`,
      {
        hint: "Set serve.tls; or set serve.behind_proxy: true if a proxy in front of the server ends TLS; or listen on 127.0.0.1.",
      },
    );
  }
  return {
    host,
    port: flags.port ?? said.port,
    tls: tls && {
      cert: readFileSetting(pathOf(tls.cert_file), "serve.tls.cert_file"),
      key: readFileSetting(pathOf(tls.key_file), "serve.tls.key_file"),
    },
    behindProxy: behind_proxy,
    publicUrl: said.public_url?.replace(/(?<!\/)\/+$/, "") ?? "",
    stateDir: said.state_dir === undefined ? stateDirOf(written.home, databaseUrl, environment) : pathOf(said.state_dir),
    databaseUrl,
    oidc: oidc && {
      issuer: oidc.issuer,
      audience: oidc.audience,
      rolesClaim: oidc.roles_claim,
      jwksUrl: oidc.jwks_url,
      requireMailboxes: oidc.require_mailboxes,
    },
    maxBodyBytes: said.max_body_mb * 1024 * 1024,
    maxConcurrency: said.max_concurrency,
    timeoutMs: said.timeout_seconds * 1000,
    keepHours: said.keep_hours,
    keyDays: said.key_days,
    worksOnSweeps: said.sweeps,
    openMetrics: said.metrics === "loopback",
  };
}

/** The name of the folder next to the settings in earlier versions. */
const earlierName = "mailcordon-state";

/**
 * Returns the default folder. Throws Failure `invalid-settings` if an earlier version has left its database next to the settings: it must not be overlooked.
 */
function stateDirOf(home: string, databaseUrl: string | undefined, environment: NonNullable<SettingsPlace["environment"]>): string {
  const fallback = defaultStateDir(environment);
  const earlier = join(home, earlierName);
  if (databaseUrl !== undefined || earlier === fallback || !existsSync(join(earlier, "postgres/data"))) return fallback;
  const message = `serve.state_dir is not set, and ${earlier} has the API keys, jobs and sweeps of an earlier version. The default is now ${fallback}.`;
  throw new Failure("invalid-settings", message, {
    hint: `To keep using them, put serve: { state_dir: ${earlier} } into the settings. To begin without them, rename that folder.`,
  });
}

/** An address that never leaves this machine, as it is listened on. */
function isOwnHost(host: string): boolean {
  return isLoopback(host) || host === "::1";
}

function databaseOf(setting: string | undefined, home: string, environment: NonNullable<SettingsPlace["environment"]>): string | undefined {
  const place = setting === undefined ? undefined : parseSecretPlace(setting);
  if (place === undefined) return environment.DATABASE_URL || undefined;
  const name = place.kind === "file" ? resolve(home, place.name) : place.name;
  return readSecret({ ...place, name }, "serve.database_url", environment).reveal();
}

function problemTexts(error: z.ZodError, path: string | undefined): string {
  const words = error.issues.map((issue) => {
    const where = ["serve", ...issue.path].join(".");
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => `${where}.${key} is not a setting`).join("; ");
    return `${where} ${issue.message}`;
  });
  return `${path === undefined ? "" : `${path}: `}${words.join("; ")}`;
}
