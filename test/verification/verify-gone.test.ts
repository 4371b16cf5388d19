import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { junkMail } from "../../src/actions/junk-mail.ts";
import type { Exchange, Mailbox } from "../../src/exchange/exchange.ts";
import { maxMessageIds } from "../../src/graph/search/odata-filter.ts";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";

// `verified: true` is said only when a second look has not found the message where it lay.

const who = "user01@example.com";

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  /** A server that says it has done what it is asked, and has not. */
  function idle(): Exchange {
    const { exchange } = at.host;
    return {
      ...exchange,
      mailbox: (...named: Parameters<Exchange["mailbox"]>) => ({
        ...exchange.mailbox(...named),
        async *delete(ids: readonly string[]) {
          for (const _ of ids) yield { ok: true as const, value: {} };
        },
        async *junk(ids: readonly string[]) {
          for (const _ of ids) yield { ok: true as const, value: {} };
        },
      }),
    };
  }

  /** The same, which besides no longer opens what it was asked to delete: only the folder still lists it. */
  function denying(): Exchange {
    const exchange = idle();
    return {
      ...exchange,
      mailbox: (...named: Parameters<Exchange["mailbox"]>): Mailbox => {
        const mailbox = exchange.mailbox(...named);
        return {
          ...mailbox,
          async *get(ids: readonly string[]) {
            for (const _ of ids) {
              yield {
                ok: false as const,
                failure: new at.library.Failure("not-found", "It is not there.", { wireCode: "ErrorItemNotFound" }),
              };
            }
          },
        };
      },
    };
  }

  const ways = [
    ["trash", {}],
    ["soft", {}],
    ["hard", { confirm_hard: true }],
  ] as const;

  test.each(ways)("%s deletion that was only confirmed is not verified, named by an id or by its Message-ID", async (delete_type, more) => {
    for (const exchange of [idle(), denying()]) {
      const item = at.put(who, { internetMessageId: `<idle-${delete_type}@example.net>` });
      for (const name of [{ item_id: at.idOf(item) }, { internet_message_id: item.internetMessageId }]) {
        const answer = await at.run(deleteEmail, { mailbox: who, delete_type, ...more, ...name }, { exchange });
        expect(answer).toMatchObject({ success: false, results: [{ status: "failed", verified: false, error: { code: "not-verified" } }] });
      }
      at.mailbox(who).remove(item);
    }
  });

  test("a junk mark that the server only reports is not verified", async () => {
    for (const exchange of [idle(), denying()]) {
      const item = at.put(who, { internetMessageId: "<idle-junk@example.net>" });
      const answer = await at.run(junkMail, { mailbox: who, item_id: at.idOf(item) }, { exchange });
      expect(answer).toMatchObject({ success: false, results: [{ status: "failed", verified: false, error: { code: "not-verified" } }] });
      at.mailbox(who).remove(item);
    }
  });

  test("a deletion is not verified while the message's former folder cannot be searched", async () => {
    const item = at.put(who, { internetMessageId: "<blind-hard@example.net>" });
    // After it was chosen by its id, which lists nothing.
    const closed = backend === "ews" ? "FindItem" : "mailfolder-list-messages";
    at.lab.addFault({ kind: "item-error", operation: closed, code: "ErrorAccessDenied", times: 99 });
    const asked = { mailbox: who, item_id: at.idOf(item), delete_type: "hard", confirm_hard: true };
    expect((await at.run(deleteEmail, asked)).results).toMatchObject([{ status: "done", action: "hard_deleted", verified: false }]);
  });

  test("a message in its target folder is verified by its new id, without listing a folder", async () => {
    const item = at.put(who, { internetMessageId: "<seen-there@example.net>" });
    const before = at.lab.requests.length;
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item) });
    expect(answer.results).toMatchObject([{ status: "done", verified: true }]);
    const all = at.lab.requests.slice(before).map(({ operation }) => operation);
    const moved = all.indexOf(backend === "ews" ? "MoveItem" : "message-move");
    expect(moved).toBeGreaterThan(0);
    const asked = all.slice(moved);
    expect(asked.filter((operation) => operation === "FindItem" || operation === "mailfolder-list-messages")).toEqual([]);
  });
});

describe.each(backends)("the check of a hard deletion over %s", (backend) => {
  const ann = "ann@example.com";
  let at: LabHost;
  afterEach(() => at.close());
  const list = backend === "ews" ? "FindItem" : "mailfolder-list-messages";

  test.each([1, 12])(
    "of %s messages in each of two folders makes one request for each folder, or one for each ten messages over Graph",
    async (each) => {
      at = await openLabHost({ seed: false }, backend);
      at.lab.store.addUser({ address: "soc@example.com", password: "lab-password", roles: ["ApplicationImpersonation"] });
      at.lab.store.addUser({ address: ann });
      const folders = ["inbox", "inbox/Cases"];
      const items = folders.flatMap((folder) =>
        Array.from({ length: each }, (_, number) => at.put(ann, { internetMessageId: `<${folder.length}.${number}@example.net>` }, folder)),
      );
      const listed = () =>
        at.lab.requests.flatMap(({ operation, inner = [] }) => [operation, ...inner]).filter((name) => name === list).length;
      let before = 0;
      // What was chosen was read by its id: only the check lists folders.
      const confirm = async () => {
        before = listed();
        return true;
      };
      const input = { mailbox: ann, item_id: items.map((item) => at.idOf(item)), delete_type: "hard", confirm_hard: true };
      const answer = await at.run(deleteEmail, input, { confirm });
      expect(answer).toMatchObject({ success: true, counts: { succeeded: 2 * each } });
      expect(answer.results?.every(({ verified }) => verified === true)).toBe(true);
      expect(listed() - before).toBe(backend === "ews" ? 2 : 2 * Math.ceil(each / maxMessageIds));
    },
  );
});
