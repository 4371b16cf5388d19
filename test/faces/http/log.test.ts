import fc from "fast-check";
import { expect, test } from "vitest";
import { openLog } from "../../../src/faces/http/log.ts";

test("a log line is one JSON document without control characters, whatever it reports", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (said) => {
      const lines: string[] = [];
      const log = openLog({ write: (text) => lines.push(text) });
      log.error({ message: said });
      log.request({ caller: said });
      expect(lines).toHaveLength(2);
      for (const line of lines) {
        expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
        expect(line.at(-1)).toBe("\n");
      }
      expect(JSON.parse(lines[1] ?? "").caller).toBe(said);
    }),
  );
});

test("a log without a stream prints nothing", () => {
  expect(() => openLog(undefined).error({ message: "unheard" })).not.toThrow();
});
