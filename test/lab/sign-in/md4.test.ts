import fc from "fast-check";
import { expect, test } from "vitest";
import { md4Digest } from "../../../src/lab/sign-in/md4.ts";
import { md4 } from "../../../src/wire/sign-in/md4.ts";

test.each([
  ["", "31d6cfe0d16ae931b73c59d7e0c089c0"],
  ["abc", "a448017aaf21d8525fc10ae87aa6729d"],
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"],
  ["12345678901234567890123456789012345678901234567890123456789012345678901234567890", "e33b4ddc9c38f2199c3e7b164fcc0536"],
])("%j has the digest of RFC 1320", (text, digest) => {
  expect(md4Digest(Buffer.from(text)).toString("hex")).toBe(digest);
});

test("the lab and the client, written apart, agree about bytes of every length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(md4Digest(Buffer.from(bytes)).equals(md4(bytes))).toBe(true);
    }),
  );
});
