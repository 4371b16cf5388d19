import fc from "fast-check";
import { expect, test } from "vitest";
import { ChangeLog } from "../../../src/lab/store/changes.ts";

test("an item that was added and removed since the last synchronisation is not reported", () => {
  const log = new ChangeLog();
  log.record("create", "a");
  log.record("delete", "a");
  log.record("create", "b");
  expect(log.since(0, 10)).toEqual({ changes: [{ kind: "create", id: "b" }], position: 3, isLast: true });
});

test("a change of only the read flag is reported as such, and with any other change as an update", () => {
  const log = new ChangeLog();
  log.record("create", "a");
  log.record("create", "b");
  log.record("read", "a");
  log.record("update", "b");
  log.record("read", "b");
  expect(log.since(2, 10).changes).toEqual([
    { kind: "read", id: "a" },
    { kind: "update", id: "b" },
  ]);
});

test("pages say that more follows, and the last one that nothing does", () => {
  const log = new ChangeLog();
  for (const id of ["a", "b", "c"]) log.record("create", id);
  const first = log.since(0, 2);
  expect(first).toMatchObject({ changes: [{ id: "a" }, { id: "b" }], isLast: false });
  expect(log.since(first.position, 2)).toEqual({ changes: [{ kind: "create", id: "c" }], position: 3, isLast: true });
  expect(log.since(3, 2)).toEqual({ changes: [], position: 3, isLast: true });
});

const event = fc.record({
  act: fc.constantFrom("create", "update", "read", "delete", "sync"),
  pick: fc.nat(),
  max: fc.integer({ min: 1, max: 4 }),
});

test("a client that applies every page has exactly the items of the folder, and only deletions concern items it does not know", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const log = new ChangeLog();
      const folder = new Map<string, number>();
      const client = new Set<string>();
      let born = 0;
      let position = 0;
      const sync = (max: number): boolean => {
        const page = log.since(position, max);
        for (const { kind, id } of page.changes) {
          if (kind === "create") {
            expect(client.has(id)).toBe(false);
            client.add(id);
          } else if (kind !== "delete") expect(client.has(id)).toBe(true);
          if (kind === "delete") client.delete(id);
        }
        position = page.position;
        return page.isLast;
      };
      for (const { act, pick, max } of events) {
        const alive = [...folder.keys()];
        const id = alive[pick % Math.max(1, alive.length)];
        if (act === "sync") sync(max);
        else if (act === "create") {
          born += 1;
          folder.set(String(born), born);
          log.record("create", String(born));
        } else if (id !== undefined) {
          log.record(act, id);
          if (act === "delete") folder.delete(id);
        }
      }
      for (let last = false; !last; ) last = sync(2);
      expect(client).toEqual(new Set(folder.keys()));
    }),
  );
});
