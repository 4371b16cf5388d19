import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, expect, test } from "vitest";
import { Failure } from "../../src/failure.ts";
import { parseSecretPlace, readSecret, Secret } from "../../src/settings/secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-secrets-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("a secret is visible only when it is revealed", () => {
  const secret = new Secret("hunter2");
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ deep: { secret } }, { showHidden: true, depth: 9 }),
    Object.values(secret),
  ];
  for (const text of shown) expect(String(text)).not.toContain("hunter2");
  expect(JSON.stringify(secret)).toBe('"[secret]"');
  expect(secret.reveal()).toBe("hunter2");
});

test.each([
  ["env:NAME", { kind: "env", name: "NAME" }],
  ["file:/run/secrets/it", { kind: "file", name: "/run/secrets/it" }],
  ["hunter2", undefined],
  ["env:", undefined],
  ["ENV:NAME", undefined],
  ["file:a\nb", undefined],
])("%j is read as the source of a secret or refused", (text, place) => {
  expect(parseSecretPlace(text)).toEqual(place);
});

test("only the newline at the end of a file is removed", () => {
  const read = (text: string) => readSecret({ kind: "file", name: file("it", text) }, "field", {}).reveal();
  expect(read("pass word \n")).toBe("pass word ");
  expect(read("pass\r\n")).toBe("pass");
});

test.each([
  ["not set", { kind: "env", name: "NONE" } as const, "field: the environment variable NONE is not set. Put the secret there."],
  ["empty", { kind: "env", name: "EMPTY" } as const, "field: the environment variable EMPTY is empty. Put the secret there."],
  ["no such file", { kind: "file", name: "/nowhere/it" } as const, "field: the file /nowhere/it cannot be read (ENOENT)."],
  [
    "two lines, which would end a header",
    { kind: "env", name: "LINES" } as const,
    "field: the environment variable LINES contains more than one line or a control character. Put only the secret there.",
  ],
])("a secret that is %s is refused with its setting and never printed", (_, place, message) => {
  let failure: unknown;
  try {
    readSecret(place, "field", { EMPTY: "", LINES: "hunter2\r\nX-Evil: 1" });
  } catch (thrown) {
    failure = thrown;
  }
  expect(failure).toBeInstanceOf(Failure);
  expect(failure).toMatchObject({ code: "invalid-settings", message });
});
