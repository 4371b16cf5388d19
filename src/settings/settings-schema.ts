import * as z from "zod";
import { auditSettings } from "./audit-settings.ts";
import { evidenceSettings } from "./evidence-settings.ts";
import { GraphSettings } from "./graph-settings.ts";
import { AutodiscoverSettings, autodiscoverAddressOf, ProxySettings, TlsSettings } from "./network-settings.ts";
import { OAuthSettings } from "./oauth-settings.ts";
import { onPremisesSettings } from "./on-premises-settings.ts";
import { expected, isPrivate, isWebAddress, secret, text } from "./setting-fields.ts";
import { SweepSettings } from "./sweep-settings.ts";

const seconds = (what: string) => z.number(expected(what)).gt(0, expected(what)).max(3600, expected(what));

const megabytes = (what: string) => z.number(expected(what)).int(expected(what)).min(1, expected(what)).max(1_048_576, expected(what));

const urlWords = "the address of Exchange Web Services, such as https://mail.example.com/EWS/Exchange.asmx";
const url = z.string(expected(urlWords)).refine((value) => isWebAddress(value), expected(urlWords));

const Auth = z
  .strictObject({
    ...onPremisesSettings,
    bearer: z.strictObject({ token: secret }).optional(),
    oauth: OAuthSettings.optional(),
  })
  .refine(
    (auth) => Object.values(auth).filter((way) => way !== undefined).length === 1,
    expected(
      "one of auto, basic or ntlm (username, password), kerberos, client_certificate (pem or pfx), bearer (token) and oauth (tenant, client_id and a credential)",
    ),
  );

/** Each has a default in the back end. */
const Timeouts = z.strictObject({
  connect_seconds: seconds("the maximum number of seconds to connect, such as 15").optional(),
  reply_seconds: seconds("the maximum number of seconds until the reply begins, such as 300").optional(),
  idle_seconds: seconds("the maximum number of seconds without a byte within a reply, such as 60").optional(),
  total_seconds: seconds("the maximum number of seconds from the beginning of a reply to its end, such as 900").optional(),
});

const count = (what: string) => z.number(expected(what)).int(expected(what)).min(1, expected(what)).max(1000, expected(what));

/** Each has a default in the back end. */
const Throttling = z.strictObject({
  max_wait_seconds: seconds("the maximum number of seconds to wait at Exchange's request, such as 60").optional(),
  max_concurrency: count("the maximum number of requests at a time, such as 27").optional(),
});

const Ews = z.strictObject({
  url: url.optional(),
  auth: Auth.optional(),
  autodiscover: AutodiscoverSettings,
  ca_file: text("the path of the PEM file with the authority that signed the server's certificate").optional(),
});

const Connection = z
  .strictObject({
    backend: z
      .enum(["ews", "graph", "auto"], expected("ews, graph, or auto (each mailbox over the back end that holds it)"))
      // `defaultBackend` puts in graph for a connection to Exchange Online.
      .default("ews"),
    ews: Ews.default({}),
    graph: GraphSettings.prefault({}),
    auth: Auth,
    access: z.enum(["impersonation", "delegate"], expected("impersonation or delegate")).optional(),
    impersonate_by: z
      .enum(
        ["smtp", "primary_smtp", "upn"],
        expected("smtp, primary_smtp or upn: the kind of name that identifies an impersonated mailbox"),
      )
      .default("smtp"),
    mailbox: text("the address of the mailbox for actions that name none").optional(),
    timeouts: Timeouts.default({}),
    max_reply_megabytes: megabytes("the maximum number of megabytes of one reply, such as 1024").optional(),
    throttling: Throttling.default({}),
    proxy: ProxySettings.optional(),
    tls: TlsSettings.prefault({}),
  })
  // Without a URL it is Exchange Online's, which belongs to the cloud that issues the tokens; an on-premises server needs a URL or Autodiscover.
  .refine(
    ({ backend, ews, auth }) =>
      backend === "graph" || ews.url !== undefined || ews.autodiscover !== undefined || (backend === "ews" && auth.oauth !== undefined),
    {
      path: ["ews", "url"],
      error: `is missing; put ${urlWords}; or use Autodiscover: ews: { autodiscover: true }`,
    },
  )
  .refine(({ backend, auth }) => backend === "ews" || auth.oauth !== undefined || auth.bearer !== undefined, {
    path: ["auth"],
    error: "is not valid for Microsoft Graph; put oauth, or bearer with a token",
  })
  .refine(({ backend, graph, auth }) => backend === "ews" || graph.mailbox_list !== "admin_api" || auth.oauth !== undefined, {
    path: ["graph", "mailbox_list"],
    error: "is not valid for this sign-in method; put auto or directory: admin_api needs its own token, which only oauth can get",
  })
  .refine(
    (connection) =>
      connection.ews.url !== undefined || connection.ews.autodiscover === undefined || autodiscoverAddressOf(connection) !== undefined,
    {
      path: ["ews", "autodiscover", "address"],
      error: "is missing; put the address of a mailbox of the organisation, such as soc@example.com",
    },
  )
  .refine(({ ews }) => ews.url === undefined || !isWebAddress(ews.url) || isPrivate(ews.url), {
    path: ["ews", "url"],
    error:
      "is plain http, so anybody on the network path can read the password or token; put an https address (http is allowed for a loopback address only)",
  });

/**
 * Returns the back end of a connection that names none: Microsoft Graph for Exchange Online, which ends EWS on 2027-04-01; EWS for a server with a URL or
 * Autodiscover.
 */
export function defaultBackend(connection: Readonly<Record<string, unknown>>): "ews" | "graph" {
  const { ews, auth } = connection;
  const has = (tree: unknown, name: string) => typeof tree === "object" && tree !== null && Reflect.get(tree, name) !== undefined;
  if (has(ews, "url") || has(ews, "autodiscover")) return "ews";
  return has(auth, "oauth") || has(auth, "bearer") ? "graph" : "ews";
}

/** The schema of `mailcordon.yaml`. */
export const SettingsFile = z.strictObject({
  connections: z.record(z.string(), Connection).default({}),
  default: text("the name of one of the connections").optional(),
  aliases: z.record(z.string().regex(/^[a-z][a-z\d-]{0,63}$/), text("the name of an action, such as search-emails-extended")).optional(),
  ...evidenceSettings,
  ...auditSettings,
  mcp: z
    .strictObject({
      require_person: z.boolean(expected("true to have the MCP client ask a person before anything but a read")).default(false),
    })
    .prefault({}),
  sweep: SweepSettings.optional(),
  // Read by the server alone (serve-settings.ts): a playbook that starts a process for one action does not wait for its schema.
  serve: z.unknown().optional(),
});

/** The settings that may stand at a path, for the error about one that may not. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = SettingsFile;
  for (const step of path) {
    const inner = unwrap(schema);
    if (inner instanceof z.ZodRecord) schema = inner.valueType;
    else if (inner instanceof z.ZodObject) schema = inner.shape[String(step)];
    else return [];
  }
  const last = unwrap(schema);
  return last instanceof z.ZodObject ? Object.keys(last.shape) : [];
}

function unwrap(schema: unknown): unknown {
  const wrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  if (wrapped) return unwrap(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrap(schema.out) : schema;
}
