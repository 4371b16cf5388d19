import { request as httpRequest } from "node:http";
import { onTestFinished } from "vitest";
import { type Lab, type LabOptions, startLab } from "../../../src/lab/lab.ts";
import type { LabItem, LabMailbox } from "../../../src/lab/store/mailbox.ts";
import { expectValidReplies } from "./microsoft-types.ts";

// Requests are written by hand and sent over real sockets; no code of the client is used.

export const anna = "anna@example.com";
export const ben = "ben@example.com";
export const token = "all-token";

const everything = ["Mail.ReadWrite", "Mail.Send", "Contacts.ReadWrite", "MailboxSettings.ReadWrite", "User.Read.All"].concat([
  "Group.ReadBasic.All",
  "OrgContact.Read.All",
  "ExchangeMessageTrace.Read.All",
]);

/** A lab with two mailboxes whose Graph takes one token for everything. When the test ends, every reply is held to Microsoft's types. */
export async function startGraphLab(options: LabOptions = {}): Promise<Lab> {
  const graph = { ...options.graph, tokens: { [token]: everything, ...options.graph?.tokens } };
  const lab = await startLab({ seed: false, keepBodies: true, ...options, graph });
  onTestFinished(async () => {
    await lab.close();
    await expectValidReplies(lab);
  });
  lab.store.addUser({ address: anna, displayName: "Anna Example", aliases: ["a.example@example.com"], department: "Books" });
  lab.store.addUser({ address: ben, displayName: "Ben Sample" });
  return lab;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  /** The body as JSON; a test reads of it what it expects. */
  at(...path: readonly (string | number)[]): unknown;
}

export interface Sent {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly raw?: string | Uint8Array;
}

/** One HTTP exchange; `path` begins after the version. Rejects when the connection breaks. */
export function call(lab: Lab, method: string, path: string, body?: unknown, sent: Sent = {}): Promise<Received> {
  const content = sent.raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const headers = {
    Authorization: `Bearer ${sent.token ?? token}`,
    ...(content === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(content) }),
    ...sent.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(lab.graphUrl + path, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          at: (...where) => where.reduce<unknown>(memberOf, JSON.parse(bytes.toString("utf8"))),
        });
      });
    });
    request.on("error", reject);
    request.end(content);
  });
}

function memberOf(value: unknown, name: string | number): unknown {
  if (Array.isArray(value) && typeof name === "number") return value[name];
  return typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)).get(String(name)) : undefined;
}

/** Status and code of a refusal. */
export function refusal({ status, at }: Received): readonly unknown[] {
  return [status, at("error", "code")];
}

export function text(value: unknown): string {
  if (typeof value !== "string") throw new Error(`No text: ${JSON.stringify(value)}`);
  return value;
}

export const stays = { headers: { Prefer: 'IdType="ImmutableId"' } };

export function mailboxOf(lab: Lab, address = anna): LabMailbox {
  const found = lab.store.mailbox(address);
  if (found === undefined) throw new Error(`The lab has no ${address}.`);
  return found;
}

export interface Mail {
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
  readonly headers?: string;
  readonly text?: string;
}

/** Delivers a message to anna. */
export function deliver(
  lab: Lab,
  { subject = "Hello", from = "mallory@example.org", to = anna, headers = "", text = "Read this.\r\n" }: Mail = {},
): LabItem {
  const id = `<${subject.replace(/\W/g, "-")}@example.org>`;
  const mime = `From: Mallory <${from}>\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: ${id}\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n${headers}\r\n${text}`;
  const item = lab.store.deliver(Buffer.from(mime), { from, to: [anna] })[0]?.item;
  if (item === undefined) throw new Error("It was not delivered.");
  return item;
}

/** The id of an item in the default form. */
export function idOf(item: { readonly id: string }): string {
  return encodeURIComponent(item.id.replaceAll("/", "-").replaceAll("+", "_"));
}
