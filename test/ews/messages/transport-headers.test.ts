import { expect, test } from "vitest";
import { readTransportHeaders } from "../../../src/ews/messages/transport-headers.ts";

test("headers keep their order and duplicates, and a folded value becomes one line", () => {
  const text = "Received: a\r\n by b;\r\n\tTue, 1 Dec 2026\r\nReceived: c\r\nFrom: Ann <ann@example.com>\r\nX-Empty:\r\n";
  expect(readTransportHeaders(text)).toEqual([
    { name: "Received", value: "a by b; Tue, 1 Dec 2026" },
    { name: "Received", value: "c" },
    { name: "From", value: "Ann <ann@example.com>" },
    { name: "X-Empty", value: "" },
  ]);
});

test("lines that are no headers are left out", () => {
  const text = "Microsoft Mail Internet Headers Version 2.0\r\nSubject: a: b\r\n: no name\r\nno colon\r\nna me: x\r\n\r\n";
  expect(readTransportHeaders(text)).toEqual([{ name: "Subject", value: "a: b" }]);
});
