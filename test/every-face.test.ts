import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { catalogue } from "../src/actions/index.ts";
import type { Action } from "../src/catalogue/action-definition.ts";
import { Answer } from "../src/catalogue/answer-envelope.ts";
import { bounded } from "../src/faces/mcp/untrusted-text.ts";
import { failures } from "../src/failure.ts";
import { campaign } from "../src/lab/seed/campaign.ts";
import type { LabFolder } from "../src/lab/store/mailbox.ts";
import type { Store } from "../src/lab/store/store.ts";
import { backends } from "./actions/lab-host.ts";
import { type Face, type FaceName, type Input, type LabPlace, openFaces, openLabPlace } from "./every-face.ts";
import { without } from "./faces/automation-service/stage.ts";

const { messageId, rich, report, sender } = campaign;

/** Every action with an input that finds something in the practice organisation, and calls that fail in part or as a whole. */
const calls: readonly (readonly [action: string, what: string, input: Input])[] = [
  [
    "copy-email",
    "of two messages, one of which is not there",
    {
      mailbox: "user03@example.com",
      internet_message_id: [messageId, "<nobody@example.net>"],
      destination_folder: "Cases/4711",
      create_folder: true,
    },
  ],
  [
    "copy-email",
    "to a folder that is not there",
    { mailbox: "finance@example.com", internet_message_id: [messageId], destination_folder: "There/Is/None" },
  ],
  [
    "delete-attachments",
    "of a message, with copies kept",
    { mailbox: "hr@example.com", internet_message_id: [rich.messageId], all: true, keep_inline: true, confirm: true },
  ],
  [
    "delete-email",
    "with a copy kept",
    { mailbox: "user03@example.com", internet_message_id: [messageId], keep_evidence: true, confirm: true },
  ],
  [
    "delete-email",
    "of more than there are",
    { mailbox: "purchasing@example.com", internet_message_id: [messageId], expected_count: 7, confirm: true },
  ],
  ["download-mail-as-eml", "with every hash", { mailbox: "payroll@example.com", internet_message_id: [messageId], sha512: true }],
  ["get-attachments", "at every depth", { mailbox: "legal@example.com", internet_message_id: [rich.messageId] }],
  ["get-attachments", "at the first depth only", { mailbox: "legal@example.com", internet_message_id: [rich.messageId], max_depth: 1 }],
  [
    "download-mail-as-eml",
    "of the archive mailbox as well",
    { mailbox: "legal@example.com", internet_message_id: ["<framework-contract-of-two-years-ago@example.org>"], archive: true },
  ],
  ["get-contacts", "with groups", { mailbox: "reception@example.com", include_groups: true }],
  ["get-out-of-office", "of one who is away", { mailbox: "user04@example.com" }],
  ["get-out-of-office", "of nobody", { mailbox: "nobody@example.com" }],
  ["get-searchable-mailboxes", "by a name", { filter: "user" }],
  ["junk-mail", "of a message", { mailbox: "finance@example.com", internet_message_id: [messageId] }],
  [
    "reply-to-email",
    "to all",
    { mailbox: report.mailbox, internet_message_id: [report.messageId], body_text: "It was. Thank you.", reply_all: true },
  ],
  [
    "search-emails-extended",
    "of three mailboxes, one of which is not there",
    {
      mailboxes: ["finance@example.com", "nobody@example.com", "hr@example.com"],
      sender,
      fields: ["subject", "body_html", "headers", "attachments"],
    },
  ],
  ["search-emails-extended", "page by page", { mailbox: "reception@example.com", limit: 2, has_attachments: false }],
  [
    "send-email",
    "with a file, to one inside and one outside",
    {
      to: ["user04@example.com", "contact@example.org"],
      subject: "Grüße, Kollegen",
      body_text: "It was phishing.",
      attachments: [{ name: "list.csv", base64: "YSxiDQo=" }],
    },
  ],
];

interface Difference {
  readonly faces: readonly FaceName[];
  readonly why: string;
  /** Returns the text of these faces in place of the library's. */
  readonly told: (answer: Answer, face: Face, action: Action) => unknown;
}

/** All differences between a face and the library. All other members are equal. */
const differences: readonly Difference[] = [
  {
    faces: ["command line", "HTTP", "MCP over stdio", "MCP over HTTP", "Automation Service"],
    why: "Evidence is where the face keeps it: a path for who is on the machine, a link for who is not; the script makes a whole address of the link.",
    told: (answer, { link }) => ({
      ...answer,
      ...(answer.results && {
        results: answer.results.map(({ evidence, ...row }) => ({
          ...linked(row, link),
          ...(evidence && { evidence: linked(evidence, link) }),
        })),
      }),
    }),
  },
  {
    faces: ["command line"],
    why: "A person types flags, so messages name these.",
    told: (answer) => {
      const flags = (text: string) => text.replaceAll("expected_count", "--expected-count");
      const { error, message, ...members } = answer;
      return {
        ...members,
        message: flags(message),
        ...(error && { error: { ...error, message: flags(error.message), ...(error.hint && { hint: flags(error.hint) }) } }),
      };
    },
  },
  {
    faces: ["MCP over stdio", "MCP over HTTP"],
    why: "A model reads it: texts are bounded, and nothing in them is invisible.",
    told: (answer) => bounded(answer),
  },
  {
    faces: ["HTTP"],
    why: "A call that failed as a whole is a problem (RFC 9457) with a status; whatever else the answer says are further members.",
    told: (answer) => {
      const { error, success: _, message, ...members } = answer;
      if (error === undefined) return answer;
      const { code, hint, retryable, wire_code, request_id } = error;
      const title = expect.stringMatching(new RegExp(`^${code.replaceAll("-", " ")}$`, "i"));
      const ours = { instance: drawn, request_id: drawn, ...(request_id && { server_request_id: drawn }) };
      const why = { detail: message, code, hint, retryable, ...(wire_code && { wire_code }) };
      return { type: `urn:mailcordon:failure:${code}`, title, status: failures[code].status, ...why, ...ours, ...members };
    },
  },
  {
    faces: ["Automation Service"],
    why: "The platform takes a failure as words on standard error.",
    told: (answer) => {
      const { error } = answer;
      return error === undefined ? answer : `${error.code}: ${error.message} ${error.hint} [request ${drawn}]`;
    },
  },
  {
    faces: ["Automation Service"],
    why: "What is one whole is shown as a page in the platform.",
    told: (answer, _, { output }) =>
      typeof answer === "string" || output === undefined
        ? answer
        : { ...answer, html: expect.stringMatching(/^<!doctype html>.*<table>/s) },
  },
];

const drawn = "(drawn for this call)";

/** Returns the document without the parts that are new for each call: the ids of requests, ours and the mail server's. */
function settled(document: unknown): unknown {
  const id = /(?:urn:mailcordon:request:)?\b(?!5f1d0000)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
  return JSON.parse(JSON.stringify(document).replace(id, drawn));
}

function linked(row: Readonly<Record<string, unknown>>, link: Face["link"]): Readonly<Record<string, unknown>> {
  const { file_ref, sha256, safe_name } = row;
  return file_ref === undefined ? row : { ...row, file_ref: link({ name: String(safe_name), sha256: String(sha256) }) };
}

/** Returns the content of a store, item by item, without the parts that are new for each message. */
function stateOf(store: Store): readonly string[] {
  const written = (value: unknown) =>
    JSON.stringify(settled(value), (_, member) => (member instanceof Uint8Array ? Buffer.from(member).toString("latin1") : member));
  const whole = (folder: LabFolder): string[] => [
    written([folder.id, folder.path]),
    ...[...folder.items.values()].map(({ folder: _, extended, ...item }) => written([folder.path, item, [...extended]])),
    ...folder.children.flatMap(whole),
  ];
  return [
    ...store
      .mailboxes()
      .flatMap(({ address, top, blockedSenders, oof }) => [
        ...whole(top).map((line) => `${address} ${line}`),
        written([address, [...blockedSenders], oof]),
      ]),
    ...store.outside.map(written),
  ];
}

let place: LabPlace;
let store: Store;
let untouched: readonly string[] = [];
const faces: Face[] = [];
let folder = "";

/** Returns the items that differ from the former state. */
function changes() {
  const now = stateOf(store);
  const [before, after] = [new Set(untouched), new Set(now)];
  return { gone: untouched.filter((line) => !after.has(line)), made: now.filter((line) => !before.has(line)) };
}
const nothing = { gone: [], made: [] };

test("every action is called", () => {
  expect(new Set(calls.map(([name]) => name))).toEqual(new Set(catalogue.map(({ name }) => name)));
});

describe.each(backends)("Over %s:", (backend) => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mailcordon-faces-"));
    // As root, the database runs as another user, who must be able to go through here.
    chmodSync(folder, 0o711);
    vi.stubEnv("XDG_CACHE_HOME", folder);
    place = await openLabPlace(new Date());
    store = await place.renew();
    untouched = stateOf(store);
    await openFaces(faces, folder, place, backend, changes);
  });
  afterAll(async () => {
    for (const face of faces.splice(0).reverse()) await face.close();
    await place.close();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  test.each(calls)(`%s, %s, is answered alike by every face, and leaves the same behind${without}`, async (name, _, input) => {
    const action = catalogue.find((one) => one.name === name);
    if (action === undefined) throw new Error(`There is no action ${name}.`);
    const [library, ...others] = faces;
    const fresh = async () => {
      if (action.effect !== "read") store = await place.renew();
    };
    await fresh();
    const answer = Answer.parse(settled((await library?.call(action, input))?.document));
    const left = changes();
    const isChanged = action.effect !== "read" && answer.counts.succeeded > 0;
    expect(left.gone.length + left.made.length > 0).toBe(isChanged);
    for (const face of others) {
      await fresh();
      const said = await face.call(action, input);
      const meant = differences
        .filter(({ faces }) => faces.includes(face.name))
        // A face may report a failure in plain text: later differences then do not apply.
        .reduce<unknown>((told, { told: tell }) => (typeof told === "string" ? told : tell(Answer.parse(told), face, action)), answer);
      expect([face.name, settled(said.document)]).toEqual([face.name, meant]);
      expect([face.name, said.beside]).toEqual([face.name, face.beside(answer)]);
      expect([face.name, changes()]).toEqual([face.name, left]);
      // If two calls are needed, the first changed nothing.
      if (face.name.startsWith("MCP") && isChanged) expect(said.planned).toEqual(nothing);
    }
    store = await place.renew();
  });

  // A form of the Automation Service cannot tell an empty field from one that was never filled: its script leaves both out.
  test.each([{ sender: "" }, { subject: "" }, { folder: "" }, { min_size: "" }, { internet_message_id: "" }])(
    "an empty filter is refused by every face that can be given one, and never dropped: %j",
    async (empty) => {
      const action = catalogue.find(({ name }) => name === "search-emails-extended");
      if (action === undefined) throw new Error("There is no search.");
      const given = faces.filter(({ name }) => name !== "Automation Service");
      expect(given.length).toBeGreaterThanOrEqual(5);
      for (const face of given) {
        const { document } = await face.call(action, { mailbox: "reception@example.com", ...empty });
        expect([face.name, JSON.stringify(document)]).toEqual([face.name, expect.stringMatching(/"invalid-input"/)]);
        expect(JSON.stringify(document)).toContain(`empty`);
      }
    },
  );

  test("an empty subject that equals is a filter to every face that can be given one", async () => {
    const action = catalogue.find(({ name }) => name === "search-emails-extended");
    if (action === undefined) throw new Error("There is no search.");
    for (const face of faces.filter(({ name }) => name !== "Automation Service")) {
      const { document } = await face.call(action, { mailbox: "reception@example.com", subject: "", subject_match: "equals" });
      expect([face.name, document]).toMatchObject([face.name, { success: true, items: [], applied: { subject: expect.any(String) } }]);
    }
  });
});
