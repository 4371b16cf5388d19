import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { Failure, failures } from "../../../src/failure.ts";
import { catalogueOf, countSheep, shearMany, shearSheep, toy } from "../toy.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe("on a terminal", () => {
  test.each([
    ["overview", ["--help"]],
    ["actions", ["actions"]],
    ["help of a reading action", ["count-sheep", "--help"]],
    ["help of a destroying action", ["help", "shear-sheep"]],
    ["answer", ["count-sheep", "--names", "Dolly", "--names", "Molly, Polly"]],
    ["single row", ["count-sheep"]],
    ["dry run", ["shear-sheep", "--dry-run"]],
    ["some failed", ["shear-sheep", "--yes"]],
  ])("the %s equals the golden file", async (name, words) => {
    const { out } = await toy(words, { terminal: true, columns: 80 });
    await expect(out).toMatchFileSnapshot(`../golden/${name.replaceAll(" ", "-")}.txt`);
  });

  test("progress is printed on stderr, with control characters escaped, and not at all with --quiet", async () => {
    expect((await toy(["count-sheep"], { terminal: true })).err).toBe("counting␛[2J\r\u001b[K");
    expect((await toy(["count-sheep", "--quiet"], { terminal: true })).err).toBe("");
  });

  test("a failure is printed on stderr with its mailbox, its hint and escaped control characters, and stdout stays empty", async () => {
    const { out, err, code } = await toy(["count-sheep", "--wolf", "hungry"], { terminal: true });
    expect(out).toBe("");
    expect(err).toContain("mailcordon: shepherd@example.com: The wolf<U+202E> came.\n");
    expect(err).toContain(failures.busy.hint);
    expect(code).toBe(failures.busy.exit);
  });

  test("an unknown field is reported with the help command that lists all fields", async () => {
    const { err, code } = await toy(["count-sheep", "--limit", "-3"], { terminal: true });
    expect(err).toContain("`mailcordon count-sheep --help` lists the fields.");
    expect(code).toBe(failures["invalid-input"].exit);
  });

  test("the failure of an item names flags as well", async () => {
    const wrong = {
      ...shearSheep,
      prepare: (raw: unknown) => ({
        ...shearSheep.prepare(raw),
        select: async function* () {
          yield { asked: { name: "Dolly" }, outcome: { ok: false as const, failure: new Failure("invalid-input", "dry_run is needed.") } };
        },
      }),
    };
    const { out } = await toy(["shear-sheep"], { terminal: true, catalogue: catalogueOf([wrong]) });
    expect(out).toContain("--dry-run is needed.");
    expect(out).not.toContain("dry_run");
  });

  test("--json prints the JSON document", async () => {
    expect(JSON.parse((await toy(["count-sheep", "--json"], { terminal: true })).out)).toMatchObject({ success: true });
  });

  test.each([
    ["y\n", 6],
    ["YES\n", 6],
    ["\n", failures["confirmation-required"].exit],
    ["yellow\n", failures["confirmation-required"].exit],
    ["", failures["confirmation-required"].exit],
  ])("a deletion shows its targets and asks for confirmation; the reply %j leads to exit code %i", async (stdin, exit) => {
    const { code, err } = await toy(["shear-sheep"], { terminal: true, stdin });
    expect(err).toContain("Shear Sheep: 2 ewes in shepherd@example.com would be shorn.");
    expect(err).toContain("Molly␛[2J");
    expect(err).toContain("Go on? [y/N] ");
    expect(code).toBe(exit);
  });
});

test("all of 500 targets are shown before the question; 501 are refused without a question, with a hint", async () => {
  for (const ewes of [500, 501]) {
    const { err, code } = await toy(["shear-sheep"], { terminal: true, stdin: "n\n", catalogue: catalogueOf([shearMany(ewes)]) });
    expect(code).toBe(failures["confirmation-required"].exit);
    expect(err.includes("Go on?")).toBe(ewes === 500);
    expect(err).toContain(ewes === 500 ? '500. Name "Ewe 500"' : "use --yes with --expected-count 501");
  }
});

test("the targets are not repeated after a no, and the message has its own line", async () => {
  for (const stdin of ["n\n", ""]) {
    const { out, err } = await toy(["shear-sheep"], { terminal: true, stdin });
    expect(out).toBe("");
    expect(err).toContain(stdin === "" ? "Go on? [y/N] \nmailcordon: " : "Go on? [y/N] mailcordon: ");
  }
});

describe("outside a terminal", () => {
  test("stdout has exactly one JSON document with control characters escaped", async () => {
    const { out, code } = await toy(["count-sheep"]);
    expect(code).toBe(0);
    expect(out.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(JSON.parse(out)).toMatchObject({ success: true, message: "1 counted.", sheep: [{ name: "Dolly\u001b[2J" }] });
  });

  test("a failed call is one JSON document with the error's six members", async () => {
    const { out, code } = await toy(["count-sheep", "--wolf", "hungry", "--quiet"]);
    expect(JSON.parse(out)).toMatchObject({
      success: false,
      error: {
        code: "busy",
        message: "The wolf\u202e came.",
        hint: failures.busy.hint,
        retryable: true,
        wire_code: "ErrorWolf",
        request_id: "7",
      },
    });
    expect(code).toBe(failures.busy.exit);
  });

  test.each([
    ["an unknown action", ["count-shep"], "invalid-input", "There is no action count-shep. Did you mean count-sheep?"],
    ["a flag before the action", ["--limit", "count-sheep"], "invalid-input", "--limit is before the action; put the action first."],
    ["an unknown flag", ["count-sheep", "--limmit", "1"], "invalid-input", "Unknown flag: --limmit. Did you mean --limit?"],
    ["an unknown flag of the list", ["actions", "--jso"], "invalid-input", "Unknown flag: --jso. Did you mean --json?"],
    ["no such input file", ["count-sheep", "--input", "/nowhere"], "invalid-input", "--input /nowhere: there is no such file."],
  ])("%s is one JSON document, with nothing on stderr under --quiet", async (_, words, code, message) => {
    const ran = await toy([...words, "--quiet"]);
    expect(JSON.parse(ran.out)).toMatchObject({ success: false, error: { code, message } });
    expect(ran.err).toBe("");
    expect(ran.code).toBe(2);
    expect(ran.wanted).toEqual([]);
  });

  test("a deletion without --yes is refused without a question, with the plan in the answer", async () => {
    const { out, code } = await toy(["shear-sheep"]);
    expect(JSON.parse(out)).toMatchObject({
      success: false,
      error: { code: "confirmation-required" },
      results: [{ status: "planned" }, { status: "planned" }],
    });
    expect(code).toBe(failures["confirmation-required"].exit);
  });

  test("a partial failure has its own exit code, and each failed item its reason", async () => {
    const { out, code } = await toy(["shear-sheep", "--yes"]);
    expect(code).toBe(6);
    expect(JSON.parse(out)).toMatchObject({
      results: [
        { name: "Dolly", status: "done" },
        { status: "failed", error: { code: "access-denied" } },
      ],
    });
  });

  test("the list of actions and the exit codes are JSON", async () => {
    expect(JSON.parse((await toy(["actions"])).out)).toMatchObject([
      { name: "count-sheep", kind: "Enrichment" },
      { name: "shear-sheep", effect: "destroy" },
    ]);
    const codes: { exit: number }[] = JSON.parse((await toy(["exit-codes"])).out);
    expect(codes.map(({ exit }) => exit)).toEqual([...codes.map(({ exit }) => exit)].sort((a, b) => a - b));
    expect(codes).toHaveLength(Object.keys(failures).length + 2);
  });
});

describe("the input of an action", () => {
  test("is read as JSON from a file, and flags override it", async () => {
    const input = file("input.json", '{"names": ["Dolly", "Molly"], "awake": false}');
    const { out } = await toy(["count-sheep", "--input", input, "--awake"]);
    expect(JSON.parse(out).sheep).toEqual([
      { name: "Dolly", awake: true },
      { name: "Molly", awake: true },
    ]);
  });

  test("is read from standard input", async () => {
    expect(JSON.parse((await toy(["count-sheep", "--input", "-"], { stdin: '{"names": "a,b"}' })).out).sheep).toHaveLength(2);
  });

  test.each([
    ["[1]", "put one JSON object"],
    ["{", "this is not JSON"],
    ["", "this is not JSON"],
  ])("%j on standard input is refused", async (stdin, why) => {
    const { out, code } = await toy(["count-sheep", "--input", "-"], { stdin });
    expect(JSON.parse(out).error.message).toContain(why);
    expect(code).toBe(2);
  });

  test("is refused by its schema with the flag of the field", async () => {
    const { out, code } = await toy(["count-sheep", "--limit", "many"]);
    expect(JSON.parse(out).error).toMatchObject({ code: "invalid-input", message: expect.stringMatching(/^--limit: /) });
    expect(code).toBe(2);
  });
});

describe("a short name", () => {
  const catalogue = { ...catalogueOf([countSheep]), aliases: { count: "count-sheep" } };

  test("runs its action, and its help names both", async () => {
    expect(JSON.parse((await toy(["count"], { catalogue })).out)).toMatchObject({ success: true, message: "1 counted." });
    expect((await toy(["help", "count"], { catalogue })).out).toContain("Short name: count.");
  });

  test("of the settings runs its action; one that names no action is refused", async () => {
    const aliases = async () => ({ sheep: "count-sheep", wolves: "count-wolves" });
    expect(JSON.parse((await toy(["sheep"], { catalogue, aliases })).out)).toMatchObject({ success: true });
    expect(JSON.parse((await toy(["wolves"], { catalogue, aliases })).out).error).toMatchObject({
      code: "invalid-settings",
      message: expect.stringContaining("aliases.wolves"),
    });
  });

  test("is never a name that every object has", async () => {
    expect(JSON.parse((await toy(["constructor"], { catalogue })).out).error.message).toContain("There is no action constructor.");
  });
});

test.each([["actions"], ["exit-codes"]])("%s --help and -h show what the list is, and its flags", async (name) => {
  for (const flag of ["--help", "-h"]) {
    const { out, code } = await toy([name, flag], { terminal: true });
    expect(code).toBe(0);
    expect(out).toContain(`mailcordon ${name}: lists`);
    expect(out).toContain("--json");
  }
});

test("connection flags reach the function that opens the connection, which is closed at the end", async () => {
  const { wanted, closed } = await toy([
    "count-sheep",
    "--config",
    "c.yaml",
    "--connection",
    "prod",
    "--out",
    "dir",
    "--audit-file",
    "a.jsonl",
  ]);
  expect(wanted).toEqual([{ config: "c.yaml", connection: "prod", out: "dir", auditFile: "a.jsonl" }]);
  expect(closed).toBe(1);
});

test("a command other than an action gets its arguments and returns the exit code", async () => {
  expect((await toy(["sleep", "--a", "--b"])).code).toBe(2);
});

test("--version prints only the version", async () => {
  expect((await toy(["--version"])).out).toBe("1.2.3\n");
});

test("the exit codes are printed on a terminal as well", async () => {
  const { out } = await toy(["exit-codes"], { terminal: true });
  for (const [code, { exit }] of Object.entries(failures))
    expect(out).toMatch(new RegExp(`^ +${exit}  ${code}$|^ +${exit}  ${code} `, "m"));
});

describe("a program that is stopped", () => {
  test("cancels the action, prints one JSON document and exits with 130", async () => {
    const stop = new AbortController();
    const running = toy(["count-sheep", "--wolf", "cancelled"], { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    const { out, code, closed } = await running;
    expect(JSON.parse(out)).toMatchObject({ success: false, error: { code: "cancelled" } });
    expect(code).toBe(130);
    expect(closed).toBe(1);
  });

  test("exits after some seconds even if the action ignores the cancellation", async () => {
    const stop = new AbortController();
    stop.abort();
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const running = toy(["count-sheep", "--wolf", "lost"], { signal: stop.signal });
    vi.advanceTimersByTime(10_000);
    const { out, code } = await running.finally(() => vi.useRealTimers());
    expect(JSON.parse(out)).toMatchObject({ success: false, error: { code: "cancelled" } });
    expect(code).toBe(130);
  });

  test("exits even if standard input never ends", async () => {
    const stop = new AbortController();
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    stop.abort();
    const running = toy(["count-sheep", "--input", "-"], { signal: stop.signal });
    vi.advanceTimersByTime(10_000);
    const { code } = await running.finally(() => vi.useRealTimers());
    expect(code).toBe(130);
  });
});
