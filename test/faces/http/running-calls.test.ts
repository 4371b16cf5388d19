import { mkdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import type { State } from "../../../src/state/state.ts";
import { soon } from "../../soon.ts";
import { startToys } from "./server.ts";
import { folder, admin as key, state, toys } from "./stage.ts";

const tell = (body: object, idempotencyKey: string, server = toys, caller = key, path = "tell-shepherd") =>
  server.call(`/v1/actions/${path}`, { key: caller, body, headers: { "idempotency-key": idempotencyKey } });

test("a repeat with the same idempotency key and input gets the same answer and is done once", async () => {
  const first = await tell({ text: "once" }, "once");
  const second = await tell({ text: "once" }, "once");
  expect(toys.told.filter((text) => text === "once")).toHaveLength(1);
  expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
  expect([first.headers.get("idempotency-replayed"), second.headers.get("idempotency-replayed")]).toEqual([null, "true"]);
});

test("a repeat with another input, action or connection is refused", async () => {
  await tell({ text: "one" }, "changed");
  for (const other of [
    tell({ text: "two" }, "changed"),
    tell({ confirm: true }, "changed", toys, key, "shear-sheep"),
    tell({ text: "one" }, "changed", toys, key, "tell-shepherd?connection=hill"),
  ]) {
    const { status, json } = await other;
    expect([status, json.code]).toEqual([422, "invalid-input"]);
  }
});

test("one of two concurrent calls with one key is done, and the other is refused with a time to wait", async () => {
  const held = tell({ text: "both", wait: true }, "both");
  await soon(() => expect(toys.waiting).toBe(1));
  const second = await tell({ text: "both", wait: true }, "both");
  expect([second.status, second.json.code, second.headers.get("retry-after")]).toEqual([409, "busy", "1"]);
  toys.release();
  expect((await held).status).toBe(200);
  expect(toys.told.filter((text) => text === "both")).toHaveLength(1);
});

test("an idempotency key belongs to its caller", async () => {
  const other = await toys.key(["send"]);
  await tell({ text: "mine" }, "shared");
  await tell({ text: "theirs" }, "shared", toys, other);
  expect(toys.told).toContain("theirs");
});

test("a call that failed before any change may be corrected and repeated with its key", async () => {
  expect((await tell({ nothing: 1 }, "corrected")).status).toBe(400);
  expect((await tell({ text: "x", wolf: true }, "corrected")).status).toBe(503);
  expect((await tell({ confirm: false }, "corrected", toys, key, "shear-sheep")).status).toBe(428);
  expect((await tell({ text: "corrected" }, "corrected")).status).toBe(200);
});

test("a call that could not be logged is not done, and is done on a repeat with its key", async () => {
  const server = await startToys(state);
  mkdirSync(join(server.folder, "audit.jsonl"));
  const first = await tell({ text: "audited" }, "audited", server);
  expect([first.status, first.json.code, server.told]).toEqual([500, "audit-failed", []]);
  rmdirSync(join(server.folder, "audit.jsonl"));
  const second = await tell({ text: "audited" }, "audited", server);
  expect([second.status, second.headers.get("idempotency-replayed"), server.told]).toEqual([200, null, ["audited"]]);
  await server.close();
});

test("a call that was done but not logged afterwards is not done again with its key", async () => {
  const server = await startToys(state);
  const held = tell({ text: "unclosed", wait: true }, "unclosed", server);
  await soon(() => expect(server.waiting).toBe(1));
  rmSync(join(server.folder, "audit.jsonl"));
  mkdirSync(join(server.folder, "audit.jsonl"));
  server.release();
  const first = await held;
  expect([first.status, first.json.code]).toEqual([500, "audit-failed"]);
  const second = await tell({ text: "unclosed", wait: true }, "unclosed", server);
  expect([second.text, second.headers.get("idempotency-replayed"), server.told]).toEqual([first.text, "true", ["unclosed"]]);
  await server.close();
});

test("a call stopped in the middle that may have been sent is not sent again", async () => {
  const slow = await startToys(state, { timeoutMs: 50 });
  const first = await tell({ text: "perhaps", wait: true }, "perhaps", slow);
  const second = await tell({ text: "perhaps", wait: true }, "perhaps", slow);
  expect(second.text).toBe(first.text);
  expect(second.headers.get("idempotency-replayed")).toBe("true");
  await slow.close();
});

test("a read ignores its idempotency key", async () => {
  const first = await tell({}, "read", toys, key, "count-sheep");
  const second = await tell({ say: "x" }, "read", toys, key, "count-sheep");
  expect([first.status, second.status, second.headers.get("idempotency-replayed")]).toEqual([200, 200, null]);
});

test.each(["", "a b", "x".repeat(256), "\u00e4"])("the idempotency key %j is refused because it would not protect", async (wrong) => {
  const { status, json } = await tell({ text: "never" }, wrong);
  expect([status, json.code]).toEqual([400, "invalid-input"]);
  expect(toys.told).not.toContain("never");
});

test("an answer is returned again after a restart", async () => {
  const before = await tell({ text: "restart" }, "restart");
  const again = await folder.open();
  const other = await startToys(again);
  const after = await tell({ text: "restart" }, "restart", other);
  expect([after.text, after.headers.get("idempotency-replayed"), other.told]).toEqual([before.text, "true", []]);
  await other.close();
  await again.close();
});

test("a call that sends is of unknown outcome after a crash, and a repeatable one is repeated", async () => {
  const dying = await folder.open();
  const crashed = await startToys(dying);
  const lost = [
    tell({ text: "lost", wait: true }, "lost", crashed),
    tell({ confirm: true, wait: true }, "lost-shear", crashed, key, "shear-sheep"),
  ];
  await soon(() => expect(crashed.waiting).toBe(2));
  // As a crash does: its connections end, whatever runs.
  await dying.close();
  for (const _ of [1, 2]) {
    const { status, json } = await tell({ text: "lost", wait: true }, "lost");
    expect([status, json.code]).toEqual([502, "unknown-outcome"]);
  }
  const again = tell({ confirm: true, wait: true }, "lost-shear", toys, key, "shear-sheep");
  await soon(() => expect(toys.waiting).toBe(1));
  toys.release();
  expect((await again).status).toBe(200);
  expect(toys.told).not.toContain("lost");
  crashed.release();
  await Promise.all(lost);
  await crashed.close();
});

test("an answer is returned even if it could not be stored", async () => {
  const dying = await folder.open();
  const server = await startToys(dying);
  const held = tell({ text: "unkept", wait: true }, "unkept", server);
  await soon(() => expect(server.waiting).toBe(1));
  await dying.close();
  server.release();
  expect((await held).status).toBe(200);
  expect(server.log).toContainEqual(expect.objectContaining({ level: "error" }));
  await server.close();
});

test("a key whose answer could not be stored is answered once the database is back, and not reported as running for ever", async () => {
  let away = 2;
  const idempotency = {
    ...state.idempotency,
    finish: async (...given: Parameters<State["idempotency"]["finish"]>) => {
      away -= 1;
      if (away >= 0) throw new Failure("unreachable", "It went away.");
      await state.idempotency.finish(...given);
    },
  };
  const server = await startToys({ ...state, idempotency });
  expect((await tell({ text: "late" }, "late", server)).status).toBe(200);
  await soon(async () => {
    const { status, headers } = await tell({ text: "late" }, "late", server);
    expect([status, headers.get("idempotency-replayed")]).toEqual([200, "true"]);
  });
  expect(server.told).toEqual(["late"]);
  await server.close();
});

test("an answer to a token with more rights is not returned to one with fewer", async () => {
  const readToken = async (token: string) => {
    const mailboxes = token === "wide" ? undefined : ["ann@example.com"];
    return { id: "oidc:ann", name: "Ann", grant: { roles: ["send" as const], mailboxes, connections: undefined } };
  };
  const server = await startToys(state, {}, { readToken });
  const body = { mailbox: "bob@example.com", text: "wide" };
  expect((await tell(body, "wide", server, "wide")).status).toBe(200);
  expect((await tell(body, "wide", server, "narrow")).status).toBe(422);
  await server.close();
});
