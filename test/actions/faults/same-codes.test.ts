import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { catalogue } from "../../../src/actions/index.ts";
import { type Answer, exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { restId } from "../../../src/lab/graph/ids.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import { type Backend, backends, type LabHost, openLabHost } from "../lab-host.ts";

type Input = Readonly<Record<string, unknown>>;

const mailbox = "finance@example.com";
const other = "hr@example.com";

/** The ids of one lab, as its back end writes them. */
interface Ids {
  readonly message: string;
  readonly attachment: string;
  /** An attachment of another message in the same mailbox. */
  readonly otherAttachment: string;
  readonly foreignMessage: string;
  readonly deletedMessage: string;
  readonly folder: string;
  readonly foreignFolder: string;
  readonly deletedFolder: string;
  /** In the form that Graph gives by default, and the id of EWS. */
  readonly shortForeign: string;
  readonly shortGone: string;
}

/** Further inputs of each action, so that it changes something. */
const rest: Readonly<Record<string, Input>> = {
  "copy-email": { destination_folder: "Archive of cases", create_folder: true },
  "delete-attachments": { all: true, confirm: true },
  "delete-email": { confirm: true },
  "download-mail-as-eml": {},
  "get-attachments": {},
  "get-contacts": {},
  "get-out-of-office": {},
  "get-searchable-mailboxes": {},
  "junk-mail": {},
  "reply-to-email": { body_text: "Thank you." },
  "search-emails-extended": {},
  "send-email": { to: ["user04@example.com"], subject: "Report", body_text: "See there." },
};

interface Mistake {
  readonly what: string;
  /** The field that it is in; an action without it cannot make this mistake. */
  readonly field: string;
  readonly input: (ids: Ids) => Input;
}

const mistakes: readonly Mistake[] = [
  { what: "a mailbox that does not exist", field: "mailbox", input: () => ({ mailbox: "nobody@example.com" }) },
  { what: "a mailbox of another organisation", field: "mailbox", input: () => ({ mailbox: "somebody@example.org" }) },
  { what: "a mailbox that is no address", field: "mailbox", input: () => ({ mailbox: "no body" }) },
  { what: "an empty mailbox", field: "mailbox", input: () => ({ mailbox: "" }) },
  { what: "a mailbox that does not exist", field: "mailboxes", input: () => ({ mailboxes: ["nobody@example.com"] }) },
  { what: "no mailboxes", field: "mailboxes", input: () => ({ mailboxes: [] }) },
  { what: "an id that is none", field: "item_id", input: () => ({ item_id: ["nonsense"] }) },
  { what: "an id of other characters", field: "item_id", input: () => ({ item_id: ["ünsinn § !"] }) },
  { what: "an empty id", field: "item_id", input: () => ({ item_id: [""] }) },
  { what: "no ids", field: "item_id", input: () => ({ item_id: [] }) },
  { what: "no message", field: "item_id", input: () => ({}) },
  { what: "an id of another mailbox", field: "item_id", input: ({ foreignMessage }) => ({ item_id: [foreignMessage] }) },
  { what: "an id of a message that is gone", field: "item_id", input: ({ deletedMessage }) => ({ item_id: [deletedMessage] }) },
  {
    what: "an id of another mailbox in Graph's default form",
    field: "item_id",
    input: ({ shortForeign }) => ({ item_id: [shortForeign] }),
  },
  {
    what: "an id of a message that is gone in Graph's default form",
    field: "item_id",
    input: ({ shortGone }) => ({ item_id: [shortGone] }),
  },
  { what: "an id that was cut", field: "item_id", input: ({ message }) => ({ item_id: [message.slice(0, 40)] }) },
  { what: "an id of a folder that is gone", field: "item_id", input: ({ deletedFolder }) => ({ item_id: [deletedFolder] }) },
  { what: "an id of a folder", field: "item_id", input: ({ folder }) => ({ item_id: [folder] }) },
  { what: "an id of another mailbox's folder", field: "item_id", input: ({ foreignFolder }) => ({ item_id: [foreignFolder] }) },
  { what: "an id of an attachment", field: "item_id", input: ({ attachment }) => ({ item_id: [attachment] }) },
  {
    what: "a bad id beside a good one",
    field: "item_id",
    input: ({ message, foreignMessage }) => ({ item_id: [message, foreignMessage] }),
  },
  { what: "a Message-ID that is nowhere", field: "internet_message_id", input: () => ({ internet_message_id: ["<none@example.net>"] }) },
  { what: "a malformed Message-ID", field: "internet_message_id", input: () => ({ internet_message_id: ["no message id"] }) },
  { what: "an empty Message-ID", field: "internet_message_id", input: () => ({ internet_message_id: ["<>"] }) },
  { what: "no Message-IDs", field: "internet_message_id", input: () => ({ internet_message_id: [] }) },
  { what: "a folder that does not exist", field: "folder", input: () => ({ folder: "There/Is/None" }) },
  { what: "an empty folder", field: "folder", input: () => ({ folder: "" }) },
  { what: "a folder id of another mailbox", field: "folder", input: ({ foreignFolder }) => ({ folder: foreignFolder }) },
  { what: "an id of a folder that is gone", field: "folder", input: ({ deletedFolder }) => ({ folder: deletedFolder }) },
  {
    what: "a folder id of another mailbox, alone",
    field: "recursive",
    input: ({ foreignFolder }) => ({ folder: foreignFolder, recursive: false }),
  },
  {
    what: "an id of a folder that is gone, alone",
    field: "recursive",
    input: ({ deletedFolder }) => ({ folder: deletedFolder, recursive: false }),
  },
  { what: "an id of a message as folder, alone", field: "recursive", input: ({ message }) => ({ folder: message, recursive: false }) },
  { what: "an id of a message as folder", field: "folder", input: ({ message }) => ({ folder: message }) },
  {
    what: "a destination that does not exist",
    field: "destination_folder",
    input: () => ({ destination_folder: "There/Is/None", create_folder: false }),
  },
  { what: "an empty destination", field: "destination_folder", input: () => ({ destination_folder: "" }) },
  {
    what: "a destination id of another mailbox",
    field: "destination_folder",
    input: ({ foreignFolder }) => ({ destination_folder: foreignFolder }),
  },
  {
    what: "a destination id of a folder that is gone",
    field: "destination_folder",
    input: ({ deletedFolder }) => ({ destination_folder: deletedFolder }),
  },
  { what: "a message's id as destination", field: "destination_folder", input: ({ message }) => ({ destination_folder: message }) },
  {
    what: "a destination mailbox that does not exist",
    field: "destination_mailbox",
    input: () => ({ destination_mailbox: "nobody@example.com" }),
  },
  { what: "an attachment id that is none", field: "attachment_ids", input: () => ({ attachment_ids: ["nonsense"], all: undefined }) },
  {
    what: "an attachment id of another message",
    field: "attachment_ids",
    input: ({ otherAttachment }) => ({ attachment_ids: [otherAttachment], all: undefined }),
  },
  { what: "no attachment ids", field: "attachment_ids", input: () => ({ attachment_ids: [], all: undefined }) },
  { what: "an expected count that is wrong", field: "expected_count", input: () => ({ expected_count: 3 }) },
  { what: "a recipient that is no address", field: "to", input: () => ({ to: ["no address"] }) },
  { what: "a recipient that does not exist", field: "to", input: () => ({ to: ["nobody@example.com"] }) },
  { what: "no recipients", field: "to", input: () => ({ to: [] }) },
  { what: "a sender that may not be used", field: "from", input: () => ({ from: "somebody@example.org" }) },
  { what: "a cursor that is none", field: "cursor", input: () => ({ cursor: "nonsense" }) },
  { what: "a time that is none", field: "received_after", input: () => ({ received_after: "yesterday evening" }) },
  { what: "an expression that is none", field: "body_regex", input: () => ({ body_regex: "(" }) },
  { what: "a query that is none", field: "query", input: () => ({ query: 'subject:"' }) },
  {
    what: "an attachment without content",
    field: "attachments",
    input: () => ({ attachments: [{ kind: "file" as const, name: "a.txt" }] }),
  },
];

/** The parts that both back ends must answer alike: the code, the exit code, and the outcome of each message. */
function told(answer: Answer) {
  const rows = answer.results?.map(({ status, error }) => [status, error?.code]);
  return { success: answer.success, code: answer.error?.code, exit: exitCodeOf(answer), rows };
}

/** One lab with its prepared messages. */
class Place {
  readonly host: LabHost;
  readonly #backend: Backend;

  constructor(host: LabHost, backend: Backend) {
    this.host = host;
    this.#backend = backend;
  }

  /** New messages and folders, since the call before may have moved those of its own. */
  async ids(): Promise<Ids> {
    const { host } = this;
    const attachments = [{ kind: "file" as const, name: "a.txt", contentType: "text/plain", content: Buffer.from("a") }];
    const box = host.mailbox(mailbox);
    const message = host.put(mailbox, { attachments });
    const [gone, foreign, beside] = [host.put(mailbox), host.put(other), host.put(mailbox, { attachments })];
    const goneFolder = box.createFolder(box.known("inbox"), `Gone ${message.id}`);
    box.removeFolder(goneFolder);
    box.remove(gone);
    return {
      message: host.idOf(message),
      attachment: await this.#attachmentOf(message),
      otherAttachment: await this.#attachmentOf(beside),
      foreignMessage: host.idOf(foreign),
      deletedMessage: host.idOf(gone),
      folder: this.#written(box.known("inbox").id),
      foreignFolder: this.#written(host.mailbox(other).known("inbox").id),
      deletedFolder: this.#written(goneFolder.id),
      shortForeign: this.#written(foreign.id),
      shortGone: this.#written(gone.id),
    };
  }

  async #attachmentOf(message: LabItem): Promise<string> {
    for await (const listed of this.host.host.exchange.mailbox(mailbox).attachments([this.host.idOf(message)])) {
      if (listed.ok) return listed.value[0]?.id ?? "";
    }
    throw new Error("the lab's message has no attachment");
  }

  #written(id: string): string {
    return this.#backend === "ews" ? id : restId(id);
  }
}

describe("a mistake in the input has one code over both back ends", () => {
  const places: Place[] = [];
  beforeAll(async () => {
    for (const backend of backends) places.push(new Place(await openLabHost({}, backend), backend));
  });
  afterAll(async () => {
    for (const { host } of places) await host.close();
  });

  for (const action of catalogue) {
    const fields = Object.keys(action.input.shape);
    const inputOf = (mistake: Input, ids: Ids): Input => {
      const isNamed = "item_id" in mistake || "internet_message_id" in mistake || !fields.includes("item_id");
      const whose = fields.includes("mailbox") && action.name !== "send-email" ? { mailbox } : {};
      return { ...whose, ...(isNamed ? {} : { item_id: [ids.message] }), ...rest[action.name], ...mistake };
    };
    const cases = mistakes.filter(({ field }) => fields.includes(field));
    test.each(cases)(`${action.name}: $what ($field)`, async ({ what, input }) => {
      const answers: Answer[] = [];
      for (const place of places) {
        const ids = await place.ids();
        const asked = what === "no message" ? { ...rest[action.name], mailbox } : inputOf(input(ids), ids);
        answers.push(await place.host.run(action, asked));
      }
      const [ews, graph] = answers.map(told);
      expect(graph).toEqual(ews);
      // Each answer has a hint about this mistake: the code alone does not show it.
      for (const { error, results = [] } of answers) {
        const codes = [error, ...results.map((row) => row.error)].flatMap((failure) => failure ?? []);
        for (const { code, hint } of codes) expect(`${code}: ${hint}`).toMatch(/^[a-z-]+: [A-Z].{10,}/);
      }
    });
  }
});
