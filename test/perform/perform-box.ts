import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import * as z from "zod";
import { type Action, defineItemAction, type Effect, type Selected } from "../../src/catalogue/action-definition.ts";
import { commonFields } from "../../src/catalogue/common-fields.ts";
import { confirm, keep_evidence } from "../../src/catalogue/selection-fields.ts";
import { guardFields } from "../../src/catalogue/which-messages.ts";
import type { Call, Exchange, Mailbox } from "../../src/exchange/exchange.ts";
import { sameOverGraph } from "../../src/exchange/port-methods.ts";
import { Failure } from "../../src/failure.ts";
import { done, failed } from "../../src/outcome.ts";
import { type AuditEntry, openAudit } from "../../src/perform/audit/audit-log.ts";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import type { Host } from "../../src/perform/perform.ts";

/** A box of words to practise on. What is done to a word, and when, is written down in `story`. */
export let box: Set<string>;
export let story: string[];
export let calls: Call[];
export let folder: string;
export let host: Host;

beforeEach(() => {
  box = new Set(["one", "two", "three"]);
  story = [];
  calls = [];
  folder = mkdtempSync(join(tmpdir(), "mailcordon-perform-"));
  const log = openAudit(join(folder, "audit.jsonl"));
  const store = openEvidence(join(folder, "evidence"));
  host = {
    exchange,
    evidence: {
      ...store,
      async keep(bytes, about) {
        const kept = await store.keep(bytes, about);
        story.push(`kept ${about.name}`);
        return kept;
      },
    },
    audit: {
      async append(entry) {
        await log.append(entry);
        story.push(`audit ${entry.phase}`);
      },
    },
    confirm: async () => true,
    actor: "ann",
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

export const exchange: Exchange = {
  backend: "ews",
  mailbox(address, call = {}) {
    calls.push(call);
    const nothing = () => {
      throw new Error("the door itself asks nothing of a mailbox");
    };
    const mailbox: Mailbox = {
      address: address ?? "default@example.com",
      foreign: nothing,
      search: nothing,
      locate: nothing,
      get: nothing,
      mime: nothing,
      exported: nothing,
      attachments: nothing,
      attachedMessages: nothing,
      attachmentContent: nothing,
      deleteAttachments: nothing,
      folder: nothing,
      createFolder: nothing,
      copy: nothing,
      restore: nothing,
      move: nothing,
      delete: nothing,
      junk: nothing,
      send: nothing,
      reply: nothing,
      invited: nothing,
      calendarEntries: nothing,
      removeCalendarEntries: nothing,
      addCalendarEntry: nothing,
      contacts: nothing,
      outOfOffice: nothing,
      rights: nothing,
    };
    return mailbox;
  },
  searchableMailboxes: () => Promise.reject(new Error("the door itself asks nothing")),
  groupMembers: () => Promise.reject(new Error("the door itself asks nothing")),
  atATime: () => 4,
  messageTrace: () => Promise.reject(new Error("the door itself asks nothing")),
  close: () => Promise.resolve(),
};

export const input = z.strictObject({ ...commonFields, ...guardFields, confirm, keep_evidence, words: z.array(z.string()) });
export const each = z.strictObject({ action: z.literal("erased"), length: z.number() });

export async function* selectWords(asked: z.output<typeof input>): AsyncGenerator<Selected> {
  for (const word of asked.words) {
    if (word === "denied") yield { asked: { item_id: word }, outcome: failed(new Failure("access-denied", "No.")) };
    else if (!box.has(word))
      yield { asked: { item_id: word }, outcome: done({ absentFrom: { mailbox: "box", folders: 3, places: ["mailbox"], by: "item_id" } }) };
    else yield { asked: { item_id: word }, outcome: done({ row: { item_id: word, subject: `about ${word}`, body_text: "private" } }) };
  }
}

let readings = 0;

export async function* chunksOf(text: string) {
  yield Buffer.from(text);
}

interface Behaviour {
  readonly effect?: Effect;
  /** Throws Failures, makes defects. */
  readonly erase?: (word: string) => void;
  readonly shorten?: number;
  readonly answerWrong?: boolean;
  readonly unkept?: string;
}

export function eraser({ effect = "destroy", erase = () => {}, shorten, answerWrong = false, unkept }: Behaviour = {}): Action {
  return defineItemAction({
    name: "erase-words",
    title: "Erase Words",
    summary: "Erase words.",
    uses: [],
    overGraph: sameOverGraph,
    noun: "word",
    done: "erased",
    effect,
    input,
    each,
  })
    .select((asked) => selectWords(asked))
    .act(
      async function* (targets) {
        for (const { row } of targets.slice(0, shorten)) {
          const word = String(row.item_id);
          story.push(`erase ${word}`);
          try {
            erase(word);
          } catch (thrown) {
            if (!(thrown instanceof Failure) || thrown.code === "cancelled") throw thrown;
            yield failed(thrown);
            continue;
          }
          box.delete(word);
          yield done({ action: "erased" as const, length: answerWrong ? Number.NaN : word.length });
        }
      },
      {
        preserve: {
          wanted: (asked) => asked.keep_evidence,
          async *bytes(targets) {
            for (const { row } of targets) {
              if (row.item_id === unkept) yield failed(new Failure("unreadable", "It cannot be read."));
              else {
                const read = () => chunksOf(row.item_id === "unsteady" ? `reading ${++readings}` : `body of ${row.item_id}`);
                yield done({ name: `${row.item_id}.eml`, bytes: read(), again: async () => read() });
              }
            }
          },
        },
        async *verify(targets) {
          for (const { row } of targets) {
            story.push(`look ${row.item_id}`);
            if (row.item_id === "shy") yield failed(new Failure("timeout", "No answer."));
            else yield box.has(String(row.item_id)) ? failed(new Failure("not-verified", "It is still there.")) : done(true);
          }
        },
      },
    );
}

export function auditEntries(): AuditEntry[] {
  return readFileSync(join(folder, "audit.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}
