import { request as httpRequest } from "node:http";
import { expect } from "vitest";
import { type Lab, type LabOptions, startLab } from "../../../src/lab/lab.ts";
import { parseXml, type XmlElement } from "../../../src/lab/xml.ts";
import { hasSchema, schemaErrors } from "./microsoft-schema.ts";

// Requests are written by hand and sent over real sockets; no code of the client is used.

export const anna = "anna@example.com";
export const ben = "ben@example.com";
export const soc = "soc@example.com";

/** Starts a lab with only three mailboxes: anna, ben, and soc, who may impersonate and search. It keeps all bodies. */
export async function startSmallLab(options: LabOptions = {}): Promise<Lab> {
  const lab = await startLab({ seed: false, keepBodies: true, ...options });
  lab.store.addUser({
    address: anna,
    displayName: "Anna Example",
    password: "anna-secret",
    aliases: ["a.example@example.com"],
    givenName: "Anna",
    surname: "Example",
    phone: "+1 555 0100",
    department: "Books",
  });
  lab.store.addUser({ address: ben, displayName: "Ben Sample", password: "ben-secret" });
  lab.store.addUser({
    address: soc,
    displayName: "SOC Service",
    password: "soc-secret",
    roles: ["ApplicationImpersonation", "Discovery Management"],
  });
  return lab;
}

export interface Sent {
  readonly user?: string;
  readonly password?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Children of s:Header. */
  readonly header?: string;
  /** The whole body instead of an envelope around `operation`. */
  readonly raw?: string | Uint8Array;
  readonly method?: string;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The child of s:Body. */
  readonly xml: () => XmlElement;
}

const passwords: Readonly<Record<string, string>> = { [anna]: "anna-secret", [ben]: "ben-secret", [soc]: "soc-secret" };

export function envelope(operation: string, header = ""): string {
  return (
    `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"` +
    ` xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">` +
    `<soap:Header>${header}</soap:Header><soap:Body>${operation}</soap:Body></soap:Envelope>`
  );
}

/** One HTTP exchange. Rejects when the connection breaks. */
export function call(lab: Lab, operation: string, sent: Sent = {}): Promise<Received> {
  const user = sent.user ?? anna;
  const body = sent.raw ?? envelope(operation, sent.header);
  const method = sent.method ?? "POST";
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      lab.ewsUrl,
      {
        method,
        headers: {
          "Content-Type": "text/xml; charset=utf-8",
          Authorization: `Basic ${Buffer.from(`${user}:${sent.password ?? passwords[user] ?? ""}`).toString("base64")}`,
          ...sent.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, xml: () => bodyOf(text) });
        });
      },
    );
    request.on("error", reject);
    request.end(method === "POST" ? body : undefined);
  });
}

function bodyOf(text: string): XmlElement {
  const found = parseXml(text).child("Body")?.children[0];
  if (found === undefined) throw new Error(`No SOAP body in: ${text.slice(0, 200)}`);
  return found;
}

/** The response messages of a reply, each as its class and code. */
export function outcomes(received: Received): string[] {
  const messages = received.xml().child("ResponseMessages")?.children ?? [];
  return messages.map((message) => `${message.attributes.get("ResponseClass")} ${message.textAt("ResponseCode")}`);
}

/** The response code of a SOAP fault. */
export function faultCode(received: Received): string | undefined {
  return received.xml().textAt("detail", "ResponseCode");
}

/** Every reply that the lab has given is valid by Exchange's schema. Does nothing where the schema is absent. */
export async function expectValidReplies(lab: Lab): Promise<void> {
  if (!hasSchema) return;
  const replies = lab.requests.flatMap(({ replyBody }) => (replyBody?.startsWith("<?xml") ? [replyBody] : []));
  const errors = await schemaErrors(replies);
  expect(errors.map((error, at) => error && `${error} in ${replies[at]}`).filter((error) => error !== undefined)).toEqual([]);
}
