import * as z from "zod";
import { secretPlace } from "./secrets.ts";

/** The error of a field: missing or wrong, and what to put. Never shows what was there: it may be a secret. */
function put(what: string) {
  return { error: (issue: { readonly input?: unknown }) => `${issue.input === undefined ? "is missing" : "is not right"}; put ${what}` };
}

const text = (what: string) => z.string(put(what)).refine((value) => value.trim() !== "", put(what));
const seconds = (what: string) => z.number(put(what)).gt(0, put(what)).max(3600, put(what));

const secretWords = "env:NAME (the environment variable that holds it) or file:PATH (the file that holds it), never the secret itself";
const secret = z.string(put(secretWords)).refine((value) => secretPlace(value) !== undefined, put(secretWords));

const urlWords = "the address of Exchange Web Services, such as https://mail.example.com/EWS/Exchange.asmx";
const url = z.string(put(urlWords)).refine((value) => isWebAddress(value), put(urlWords));

function isWebAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}

const Auth = z
  .strictObject({
    basic: z.strictObject({ username: text("the account's name, such as soc@example.com"), password: secret }).optional(),
    bearer: z.strictObject({ token: secret }).optional(),
  })
  .refine((auth) => (auth.basic === undefined) !== (auth.bearer === undefined), put("either basic (username, password) or bearer (token)"));

/** Each has a default in the back end. */
const Timeouts = z.strictObject({
  connect_seconds: seconds("seconds until the connection stands, such as 15").optional(),
  reply_seconds: seconds("seconds until the reply begins, such as 300").optional(),
  idle_seconds: seconds("seconds without a byte in the middle of a reply, such as 60").optional(),
});

const count = (what: string) => z.number(put(what)).int(put(what)).min(1, put(what)).max(1000, put(what));

/** Each has a default in the back end. */
const Throttling = z.strictObject({
  max_wait_seconds: seconds("the most seconds to wait when Exchange asks for it, such as 60").optional(),
  max_concurrency: count("how many requests may be under way at once, such as 27").optional(),
});

const Ews = z.strictObject({
  url,
  ca_file: text("the path of the PEM file with the authority that signed the server's certificate").optional(),
});

/** RFC 6761 section 6.3 and RFC 5735: names and addresses that never leave this machine. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

const Connection = z
  .strictObject({
    ews: Ews,
    auth: Auth,
    access: z.enum(["impersonation", "delegate"], put("impersonation or delegate")).default("impersonation"),
    mailbox: text("the address of the mailbox that is meant when an action names none").optional(),
    timeouts: Timeouts.default({}),
    throttling: Throttling.default({}),
  })
  .refine(({ ews }) => !isWebAddress(ews.url) || new URL(ews.url).protocol === "https:" || isLoopback(new URL(ews.url).hostname), {
    path: ["ews", "url"],
    error:
      "is plain http, where everybody on the way can read the password or token; put an https address (http is only for a loopback address)",
  });

/** What `mailcordon.yaml` may hold. */
export const SettingsFile = z.strictObject({
  connections: z.record(z.string(), Connection).default({}),
  default: text("the name of one of the connections").optional(),
  evidence_dir: text("the folder for evidence").optional(),
  audit_file: text("the path of the audit file").optional(),
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
  return wrapped ? unwrap(schema.unwrap()) : schema;
}
