import { gunzipSync, crc32 as theirs } from "node:zlib";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { crc32, tarGz } from "../../../src/faces/automation-service/archive.ts";

test("the bytes of a file come out as they went in, also at the edges of what a stored block holds", () => {
  for (const size of [0, 1, 511, 512, 513, 65_535 - 512, 65_535, 65_536, 200_000]) {
    const bytes = Buffer.alloc(size, "abc");
    const tar = gunzipSync(tarGz([{ name: "one.yaml", bytes }]));
    expect(tar.length % 512).toBe(0);
    expect(tar.toString("latin1", 0, 8)).toBe("one.yaml");
    expect(Number.parseInt(tar.toString("latin1", 124, 135), 8)).toBe(size);
    expect(tar.subarray(512, 512 + size).equals(bytes)).toBe(true);
    expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
  }
});

test("the same files are the same bytes, whenever and wherever", () => {
  const files = [{ name: "a", bytes: Buffer.from("x") }];
  expect(Buffer.from(tarGz(files)).equals(tarGz(files))).toBe(true);
  expect(Buffer.from(tarGz(files)).toString("hex", 0, 10)).toBe("1f8b08000000000000ff");
});

test("a name that tar could not hold, or that would leave the folder's list, is refused", () => {
  for (const name of ["", "a b", "ü", "x".repeat(101)]) expect(() => tarGz([{ name, bytes: Buffer.alloc(0) }])).toThrow(RangeError);
});

test.skipIf(typeof theirs !== "function")("the checksum is zlib's (skipped where Node has none of its own)", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(bytes) === theirs(bytes)));
});
