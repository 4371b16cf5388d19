import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listAround, mayBeFaultOfOneItem } from "../../../src/exchange/search/list-around-failures.ts";
import { Failure } from "../../../src/failure.ts";

const broken = () => new Failure("broken-reply", "It breaks off.");

/** A list of numbers, in which some spoil each page that they are on. `most`: so many places at most are given at once, whatever is asked. */
function listOf(total: number, bad: ReadonlySet<number>, most = Number.POSITIVE_INFINITY) {
  const asked: [number, number][] = [];
  const ask = async (start: number, length: number) => {
    asked.push([start, length]);
    const end = Math.min(total, start + Math.min(length, most));
    const items = Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
    if (items.some((item) => bad.has(item))) throw broken();
    return { items, length: items.length, isLast: end >= total };
  };
  return { asked, ask };
}

describe("a page that cannot be listed in one request", () => {
  test("is listed except for the items that spoil it, and each of these is named by its position", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 6 }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 1, max: 40 }),
        async (total, spread, start, length, most) => {
          // No three in a row.
          const bad = new Set(spread.map((place) => place * 3));
          const { ask } = listOf(total, bad, most);
          const end = Math.min(total, start + length);
          const wanted = Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
          const { items, gaps, length: covered, isLast } = await listAround(ask, start, length);
          expect(items).toEqual(wanted.filter((item) => !bad.has(item)));
          expect(gaps.map(({ at }) => at)).toEqual(wanted.filter((item) => bad.has(item)));
          expect(covered >= wanted.length).toBe(true);
          if (!isLast) expect(covered).toBe(length);
        },
      ),
    );
  });

  test("costs some twenty requests for one item of 250", async () => {
    for (const place of [0, 1, 124, 125, 200, 249]) {
      const { ask, asked } = listOf(1000, new Set([place]));
      await listAround(ask, 0, 250);
      expect(asked.length).toBeLessThan(25);
    }
  });

  test("is abandoned if three neighbours fail even alone, because no item causes that", async () => {
    const { ask, asked } = listOf(1000, new Set([100, 101, 102]));
    const given = await listAround(ask, 0, 250);
    expect(given).toMatchObject({ failure: { code: "broken-reply" }, isLast: true });
    expect(given.items).toHaveLength(100);
    const down = listOf(1000, new Set(Array.from({ length: 1000 }, (_, index) => index)));
    expect(await listAround(down.ask, 0, 250)).toMatchObject({ failure: { code: "broken-reply" }, items: [] });
    expect(down.asked.length).toBeLessThan(15);
    expect(asked.length).toBeLessThan(40);
  });

  test("is abandoned immediately if the failure concerns more than an item", async () => {
    let asked = 0;
    const ask = async () => {
      asked += 1;
      throw new Failure("access-denied", "No.");
    };
    expect(await listAround(ask, 0, 250)).toMatchObject({ failure: { code: "access-denied" }, items: [] });
    expect(asked).toBe(1);
  });
});

test("a list that reports more but returns nothing is ended with a failure", async () => {
  const ask = async () => ({ items: [], length: 0, isLast: false });
  expect(await listAround(ask, 0, 8)).toMatchObject({ failure: { code: "broken-reply" } });
});

test("an item may spoil a page by content or an error inside the server, never by rights, throttling or the network", () => {
  const codes = ["broken-reply", "unreadable", "too-large"] as const;
  for (const code of codes) expect(mayBeFaultOfOneItem(new Failure(code, ""))).toBe(true);
  expect(mayBeFaultOfOneItem(new Failure("refused", "", { wireCode: "ErrorInternalServerError" }))).toBe(true);
  for (const code of ["access-denied", "busy", "unreachable", "cancelled", "timeout", "internal", "refused", "unauthenticated"] as const)
    expect(mayBeFaultOfOneItem(new Failure(code, ""))).toBe(false);
});
