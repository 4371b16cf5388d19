import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { type CallToolResult, CallToolResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../../../src/actions/index.ts";
import type { Action } from "../../../src/catalogue/action-definition.ts";
import { answerSchema } from "../../../src/catalogue/answer-envelope.ts";
import { toolOf } from "../../../src/faces/field-spellings.ts";
import { mcpServer } from "../../../src/faces/mcp/server.ts";
import { Confirmation, toolFrom } from "../../../src/faces/mcp/tool.ts";
import { backends, type LabHost, openLabHost } from "../../actions/lab-host.ts";
import { opened, shearMany } from "../toy.ts";

let at: LabHost | undefined;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await at?.close();
  at = undefined;
});

const mailbox = "user03@example.com";
const messageId = "<hostile@mailer.example.net>";
/** A subject that tries to be a line of the question, and turns the direction of text. */
const subject = `Offer" from "boss@example.com\nDestination folder  "Inbox"\r\u2028\u202egpj.exe\u001b[2J`;
const sender = { name: `"ceo@example.com" \u0085Delete type "trash"\u200b`, address: "attacker@evil.example" };

async function connected(actions: readonly Action[], host = opened(), elicits?: (question: string) => void): Promise<Client> {
  const server = mcpServer({ actions, host, findEvidence: async () => undefined, version: "1.2.3" });
  const client = new Client({ name: "test", version: "0" }, { capabilities: elicits === undefined ? {} : { elicitation: {} } });
  if (elicits !== undefined)
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      elicits(params.message);
      return { action: "decline" };
    });
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), client.connect(other)]);
  clients.push(client);
  return client;
}

async function call(client: Client, name: string, input: Readonly<Record<string, unknown>>): Promise<CallToolResult> {
  const result = CallToolResultSchema.parse(await client.callTool({ name, arguments: { ...input } }));
  // The list of tools has no output schemas, so the client checks nothing.
  const action = [...catalogue, shearMany(1)].find((each) => toolOf(each.name) === name);
  if (action !== undefined && result.structuredContent !== undefined)
    answerSchema(action).extend({ confirmation: Confirmation.optional() }).parse(result.structuredContent);
  return result;
}

const Planned = z.looseObject({ confirmation: z.looseObject({ token: z.string(), question: z.string() }) });

/** What the first call answers to a client that cannot ask, which is also in its text. */
function planOf({ content, structuredContent }: CallToolResult): z.output<typeof Planned>["confirmation"] {
  const { confirmation } = Planned.parse(structuredContent);
  const text = z.object({ text: z.string() }).parse(content[1]).text;
  expect(Planned.parse(JSON.parse(text)).confirmation).toEqual(confirmation);
  return confirmation;
}

const rawMime = [
  "From: =?utf-8?B?Qm9zcw==?= <attacker@evil.example>",
  "To: ann@example.com",
  "Bcc: hidden@evil.example",
  "Resent-To: again@evil.example",
  "Subject: =?utf-8?Q?Hello=0ATo=20x=E2=80=AE?=",
  "MIME-Version: 1.0",
  "Content-Type: text/plain",
  "",
  "The text.",
].join("\r\n");

const found = { internet_message_id: [messageId] };
const target = /^1\. {3}.*\n(?: {5}.*\n)*? {5}(?:.*, )?From "attacker@evil\.example" \(name: "\\"ceo@example\.com\\" <U\+0085>/m;

/** Of every action that asks: its input, and what a person must see of it before a yes. */
const asking: readonly (readonly [string, string, Readonly<Record<string, unknown>>, readonly RegExp[]])[] = [
  [
    "copy-email",
    "the destination mailbox and folder, and each target",
    { ...found, destination_mailbox: "soc@example.com", destination_folder: "Cases\nFrom \u202e", create_folder: true },
    [/^Destination mailbox {2}"soc@example\.com"$/m, /^Destination folder {3}"Cases␊From <U\+202E>"$/m, target],
  ],
  [
    "delete-email",
    "the mode trash, which can be undone",
    { ...found, delete_type: "trash" },
    [/^Delete type {2}"trash"$/m, /This\s+can\s+be\s+undone\./, target],
  ],
  [
    "delete-email",
    "the mode soft, which can be undone for a time",
    { ...found, delete_type: "soft" },
    [/^Delete type {2}"soft"$/m, /This\s+can\s+be\s+undone\s+as\s+long\s+as\s+Exchange\s+keeps\s+them\s+there\./, target],
  ],
  [
    "delete-email",
    "the mode hard, which cannot be undone",
    { ...found, delete_type: "hard", confirm_hard: true },
    [/^Delete type {2}"hard"$/m, /This\s+cannot\s+be\s+undone\./, target],
  ],
  [
    "delete-attachments",
    "each attachment with its message, and that it cannot be undone",
    { ...found, all: true },
    [/This\s+cannot\s+be\s+undone\./, /^1\. {3}Name "a<U\+202E>gpj\.exe"/m, /From "attacker@evil\.example"/],
  ],
  ["junk-mail", "where the targets go and how it is undone", found, [/They go to Junk Email\./, /is_junk\s+false\s+undoes\s+it\./, target]],
  [
    "send-email",
    "From, To, Cc, Bcc, subject and first lines of a new message",
    {
      to: ["ann@example.com", "Bob <bob@example.com>"],
      cc: "carol@example.com",
      bcc: "hidden@evil.example",
      subject: "Notice \u202e",
      body_text: "First.\nSecond.",
    },
    [
      /^From +"user03@example\.com"$/m,
      /^To +"ann@example\.com"\n +"bob@example\.com" \(name: "Bob"\)$/m,
      /^Cc +"carol@example\.com"$/m,
      /^Bcc +"hidden@evil\.example"$/m,
      /^Subject +"Notice <U\+202E>"$/m,
      /^Body +"First\."\n +"Second\."$/m,
    ],
  ],
  [
    "send-email",
    "the headers and text of raw_mime",
    { raw_mime: rawMime },
    [
      /^From +"attacker@evil\.example" \(name: "Boss"\)$/m,
      /^To +"ann@example\.com"$/m,
      /^Bcc +"hidden@evil\.example"$/m,
      /^Resent to +"again@evil\.example"$/m,
      /^Subject +"Hello␊To x<U\+202E>"$/m,
      /^Body +"The text\."$/m,
    ],
  ],
  [
    "reply-to-email",
    "the recipients and first lines of a reply, and the message that it answers",
    { ...found, to: "else@evil.example", reply_all: true, body_text: "Thank you.\u001b[2J" },
    [/^To +"else@evil\.example"$/m, /everybody in its To\s+and\s+Cc/, /^Body +"Thank you\.␛\[2J"$/m, target],
  ],
];

function actionOf(name: string): Action {
  const action = catalogue.find((one) => one.name === name);
  if (action === undefined) throw new Error(`there is no action ${name}`);
  return action;
}

describe.each(backends)("the first call of a client without elicitation, over %s,", (backend) => {
  test.each(asking)("of %s returns %s, as a person with elicitation is asked", async (name, _, input, wanted) => {
    at = await openLabHost({}, backend);
    const file = { kind: "file", name: "a\u202egpj.exe", content: Buffer.from("MZ"), contentType: "application/zip" } as const;
    at.put(mailbox, { subject, from: sender, internetMessageId: messageId, attachments: [file] }, "inbox/Reports");
    const action = actionOf(name);
    const result = await call(await connected([action], at.host), toolOf(name), { mailbox, ...input });
    expect(result).toMatchObject({ isError: false, structuredContent: { success: true, dry_run: true } });
    const { question } = planOf(result);
    for (const pattern of wanted) expect(question).toMatch(pattern);
    expect(question).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
    for (const line of question.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);

    const asked: string[] = [];
    await call(await connected([action], at.host, (text) => asked.push(text)), toolOf(name), { mailbox, ...input });
    expect(asked).toEqual([question]);
  });

  test("of a deletion is confirmed by its token", async () => {
    at = await openLabHost({}, backend);
    at.put(mailbox, { subject, from: sender, internetMessageId: messageId });
    const exchange = at.mailbox(mailbox);
    const folders = () =>
      [...exchange.items()].filter((item) => item.internetMessageId === messageId).map(({ folder }) => folder.distinguishedName);
    const client = await connected([actionOf("delete-email")], at.host);
    const input = { mailbox, ...found, delete_type: "trash" };
    const { token } = planOf(await call(client, "delete_email", input));
    expect(folders()).toEqual(["inbox"]);
    const { structuredContent } = await call(client, "delete_email", { ...input, confirmation: token });
    expect(structuredContent).toMatchObject({ success: true, counts: { succeeded: 1 } });
    expect(folders()).toEqual(["deleteditems"]);
  });
});

test("every action that changes anything has a test of its first call here", () => {
  const asks = catalogue.filter(({ effect }) => effect !== "read").map(({ name }) => name);
  expect([...new Set(asking.map(([name]) => name))].sort()).toEqual(asks.sort());
});

test("the output schema of a tool declares the question", () => {
  expect(toolFrom(actionOf("delete-email")).outputSchema).toMatchObject({
    properties: { confirmation: { properties: { question: { type: "string" } }, required: expect.arrayContaining(["question"]) } },
  });
});

test("a client without elicitation gets a confirmation for 100 targets, but for 101 only a refusal with a hint", async () => {
  const { question } = planOf(await call(await connected([shearMany(100)]), "shear_sheep", {}));
  expect(question).toContain('100. Name "Ewe 100"');
  const { structuredContent, isError } = await call(await connected([shearMany(101)]), "shear_sheep", {});
  expect(isError).toBe(true);
  expect(structuredContent).not.toHaveProperty("confirmation");
  expect(structuredContent).toMatchObject({
    counts: { succeeded: 0 },
    error: {
      code: "confirmation-required",
      message: expect.stringContaining("at most 100"),
      hint: expect.stringContaining("--yes and --expected-count 101"),
    },
  });
});
