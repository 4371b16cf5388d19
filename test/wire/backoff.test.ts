import { expect, test } from "vitest";
import { waitFor } from "../../src/wire/backoff.ts";

test("a wait of our own choice grows with every attempt, stays in its bounds and is not the same for all", () => {
  for (let attempt = 1; attempt <= 12; attempt++) {
    const waits = Array.from({ length: 200 }, () => waitFor(attempt));
    const full = Math.min(500 * 2 ** (attempt - 1), 30_000);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(full / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(full);
    expect(new Set(waits).size).toBeGreaterThan(10);
  }
});
