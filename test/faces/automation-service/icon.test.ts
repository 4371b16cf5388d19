import { crc32, inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { icon } from "../../../src/faces/automation-service/icon.ts";

test("the icon is a complete PNG of 96 by 96 pixels, small enough for a text file", () => {
  const png = Buffer.from(icon, "base64");
  expect(png.length).toBeLessThan(8192);
  expect(png.toString("hex", 0, 8)).toBe("89504e470d0a1a0a");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    expect(png.readUInt32BE(at + 8 + size)).toBe(crc32(png.subarray(at + 4, at + 8 + size)));
    chunks.set(png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + size));
    at += 12 + size;
  }
  expect([...chunks.keys()]).toEqual(["IHDR", "IDAT", "IEND"]);
  const head = chunks.get("IHDR");
  expect([head?.readUInt32BE(0), head?.readUInt32BE(4)]).toEqual([96, 96]);
  expect(inflateSync(chunks.get("IDAT") ?? Buffer.alloc(0)).length).toBe(96 * (1 + 96 * 4));
});
