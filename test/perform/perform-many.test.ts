import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { copyEmail } from "../../src/actions/copy-email.ts";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { downloadMailAsEml } from "../../src/actions/download-mail-as-eml.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import type { Host, Plan } from "../../src/perform/perform.ts";
import { performMany } from "../../src/perform/perform-many.ts";
import { backends, openLabHost } from "../actions/lab-host.ts";

const mailboxes = ["user01@example.com", "user02@example.com", "user03@example.com"] as const;

describe.each(backends)("one call for several mailboxes over %s", async (backend) => {
  const at = await openLabHost({}, backend);
  afterAll(() => at.close());
  const plant = () =>
    mailboxes.map((mailbox) => ({ mailbox, itemIds: [at.idOf(at.put(mailbox)), at.idOf(at.put(mailbox, { subject: "Second" }))] }));
  const left = (places: ReturnType<typeof plant>) =>
    places.flatMap(({ mailbox, itemIds }) => itemIds.map((id) => at.item(mailbox, id)?.folder.path)).filter((path) => path === "Inbox")
      .length;
  /** A host that counts its questions and gives one reply. */
  const asked = (reply: boolean, changes: Partial<Host> = {}) => {
    const plans: Plan[] = [];
    const confirm = async (plan: Plan) => {
      plans.push(plan);
      return reply;
    };
    return { plans, host: { ...at.host, confirm, ...changes } };
  };

  test("asks once, shows every message with its mailbox, and returns a verified result for each", async () => {
    const places = plant();
    const { plans, host } = asked(true);
    const answer = await performMany(deleteEmail, { expected_count: 6 }, places, host);
    expect(plans).toHaveLength(1);
    expect(plans[0]?.rows.map(({ mailbox }) => mailbox)).toEqual(mailboxes.flatMap((mailbox) => [mailbox, mailbox]));
    expect((await plans[0]?.question())?.rows).toHaveLength(6);
    expect(answer).toMatchObject({ success: true, message: "3 mailboxes: 6 messages deleted.", counts: { requested: 6, succeeded: 6 } });
    expect(answer.results?.map(({ mailbox, item_id, verified }) => [mailbox, item_id, verified])).toEqual(
      places.flatMap(({ mailbox, itemIds }) => itemIds.map((id) => [mailbox, id, true])),
    );
    expect(left(places)).toBe(0);
  });

  test("shows the mailboxes in the order of the input, whichever answers first", async () => {
    const places = plant();
    at.lab.addFault({ kind: "delay", mailbox: mailboxes[0], delayMs: 300, times: 1000 });
    const { plans, host } = asked(false);
    await performMany(deleteEmail, {}, places, host);
    at.lab.clearFaults();
    expect(plans[0]?.rows.map(({ mailbox }) => mailbox)).toEqual(mailboxes.flatMap((mailbox) => [mailbox, mailbox]));
  });

  test("changes nothing in any mailbox when nobody confirms", async () => {
    const places = plant();
    const answer = await performMany(deleteEmail, {}, places, asked(false).host);
    expect(answer).toMatchObject({ success: false, error: { code: "confirmation-required" }, counts: { requested: 6, succeeded: 0 } });
    expect(left(places)).toBe(6);
  });

  test.each([
    ["expected_count", { expected_count: 5 }],
    ["max_items", { max_items: 5 }],
  ])("checks %s against all mailboxes together, and changes nothing", async (_, input) => {
    const places = plant();
    const { plans, host } = asked(true);
    const answer = await performMany(deleteEmail, { ...input, confirm: true }, places, host);
    expect(answer).toMatchObject({
      success: false,
      error: { code: "unexpected-count" },
      results: places.flatMap(() => [{ status: "planned" }, { status: "planned" }]),
    });
    expect(plans).toEqual([]);
    expect(left(places)).toBe(6);
    const dry = await performMany(deleteEmail, { ...input, dry_run: true }, places, host);
    expect(dry).toMatchObject({ success: false, dry_run: true, error: { code: "unexpected-count" } });
  });

  test("counts only what is there, fails the messages of a mailbox that cannot be opened, and deletes the others", async () => {
    const places = [...plant(), { mailbox: "nobody@example.com", itemIds: ["AAA", "BBB"] }];
    const answer = await performMany(deleteEmail, { confirm: true, expected_count: 6 }, places, at.host);
    expect(answer).toMatchObject({ success: false, counts: { requested: 8, succeeded: 6, failed: 2 } });
    expect(answer.error).toBeUndefined();
    expect(answer.results?.slice(6)).toMatchObject([
      { mailbox: "nobody@example.com", item_id: "AAA", status: "failed", error: { code: expect.any(String) } },
      { mailbox: "nobody@example.com", item_id: "BBB", status: "failed", error: { code: expect.any(String) } },
    ]);
    expect(exitCodeOf(answer)).not.toBe(0);
    expect(left(places.slice(0, 3) as ReturnType<typeof plant>)).toBe(0);
  });

  test("an action that needs no confirmation asks nobody, but counts before it begins", async () => {
    const places = plant();
    const { plans, host } = asked(false);
    const input = { destination_folder: "drafts" };
    expect(await performMany(copyEmail, { ...input, expected_count: 7 }, places, host)).toMatchObject({
      error: { code: "unexpected-count" },
    });
    expect(await performMany(copyEmail, { ...input, expected_count: 6 }, places, host)).toMatchObject({
      success: true,
      counts: { succeeded: 6 },
    });
    expect(plans).toEqual([]);
  });

  test("a read reads every mailbox", async () => {
    const places = plant();
    const answer = await performMany(downloadMailAsEml, {}, places, at.host);
    expect(answer).toMatchObject({ success: true, counts: { requested: 6, succeeded: 6 } });
    expect(answer.results?.every(({ file_ref }) => readFileSync(String(file_ref)).length > 0)).toBe(true);
  });

  test("an input that the action refuses is the answer, and reaches no mailbox", async () => {
    const places = plant();
    expect(await performMany(deleteEmail, { delete_type: "away" }, places, at.host)).toMatchObject({
      success: false,
      error: { code: "invalid-input" },
    });
    expect(left(places)).toBe(6);
  });

  test("no message is a success that says so, unless a count was expected", async () => {
    expect(await performMany(deleteEmail, {}, [], at.host)).toMatchObject({ success: true, message: "No messages found.", results: [] });
    expect(await performMany(deleteEmail, { expected_count: 1 }, [], at.host)).toMatchObject({
      success: false,
      error: { code: "unexpected-count" },
    });
  });
});
