import { describe, expect, test } from "vitest";
import { eachAtPace, mailboxesAtATime } from "../../src/exchange/pace.ts";
import { Failure } from "../../src/failure.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("eachAtPace", () => {
  test("runs as many at a time as the pace says, and follows it up and down", async () => {
    let [running, most, pace] = [0, 0, 3];
    const peaks: number[] = [];
    await eachAtPace(
      Array.from({ length: 60 }, (_, at) => at),
      () => pace,
      async (at) => {
        running += 1;
        most = Math.max(most, running);
        await turn();
        running -= 1;
        if (at !== 19 && at !== 39) return;
        peaks.push(most);
        pace = at === 19 ? 8 : 2;
        // Those that were begun before have ended by then.
        most = 0;
      },
    );
    expect(peaks[0]).toBe(3);
    expect(peaks[1]).toBe(8);
    expect(most).toBeLessThanOrEqual(8);
  });

  test("begins nothing after a failure, and ends when everything that was begun has ended", async () => {
    const begun: number[] = [];
    let ended = 0;
    const all = eachAtPace(
      [0, 1, 2, 3, 4, 5],
      () => 2,
      async (at) => {
        begun.push(at);
        if (at === 1) throw new Failure("busy", "It is busy.");
        for (let times = 0; times < 5; times++) await turn();
        ended += 1;
      },
    );
    await expect(all).rejects.toMatchObject({ code: "busy" });
    expect(ended).toBe(begun.length - 1);
    expect(begun.length).toBeLessThan(4);
  });

  test("reports the failure of its list", async () => {
    async function* list() {
      yield 1;
      throw new Failure("unreachable", "The database is away.");
    }
    const seen: number[] = [];
    await expect(
      eachAtPace(
        list(),
        () => 2,
        async (one) => void seen.push(one),
      ),
    ).rejects.toMatchObject({ code: "unreachable" });
    expect(seen).toEqual([1]);
  });
});

test("more mailboxes are worked on at a time than requests are allowed, since each pauses between two requests", () => {
  expect(mailboxesAtATime(27)).toBeGreaterThan(27);
  expect(mailboxesAtATime(100)).toBeGreaterThan(100);
  expect(mailboxesAtATime(1)).toBeGreaterThan(1);
});
