import { describe, expect, test } from "vitest";
import { fieldsAsFlags } from "../../../src/faces/cli/fields-as-flags.ts";

const fields = [
  "confirm_hard",
  "mailboxes",
  "all",
  "find",
  "tracking_log",
  "action",
  "to",
  "cc",
  "bcc",
  "sha256",
  "name_pattern",
  "for",
  "archive",
  "folder",
];
const spelled = (text: string) => fieldsAsFlags(text, fields, { action: "then" });

describe("a message about an input on the command line", () => {
  test.each([
    ["confirm_hard is required: nothing was deleted.", "--confirm-hard is required: nothing was deleted."],
    ["Set confirm_hard as well.", "Set --confirm-hard as well."],
    ["mailboxes: put all, or addresses and groups, and not both.", "--mailboxes: put all, or addresses and groups, and not both."],
    ["find tracking-log needs tracking_log: the export.", "find tracking-log needs --tracking-log: the export."],
    ["action: a sweep cannot run get-contacts.", "--then: a sweep cannot run get-contacts."],
    ["to is required: name a recipient in to, cc or bcc.", "--to is required: name a recipient in --to, --cc or --bcc."],
    ["archive and folder exclude each other: archive includes all.", "--archive and --folder exclude each other: archive includes all."],
    ["Without it, name_pattern, all or sha256 is required.", "Without it, --name-pattern, --all or --sha256 is required."],
    ["all: is not true or false; find: is not a text", "--all: is not true or false; --find: is not a text"],
    [
      "Name the messages by tracking_log, or by name_pattern or sha256.",
      "Name the messages by --tracking-log, or by --name-pattern or --sha256.",
    ],
  ])("names the flag in %j", (message, shown) => {
    expect(spelled(message)).toBe(shown);
  });

  test.each([
    "Look for all messages, or for none.",
    'there is no field "confirm_hard".',
    "The setting evidence_dir is not a folder.",
    "The folder /srv/confirm_hard/x is not there.",
    "--confirm-hard: is not true or false",
  ])("is left as it is if it names no field: %s", (message) => {
    expect(spelled(message)).toBe(message);
  });

  test("costs linear time", () => {
    const began = performance.now();
    for (const piece of ["; to, ", "to, ", "a_", "to or ", "; ", "a and "]) spelled(piece.repeat(100_000));
    expect(performance.now() - began).toBeLessThan(3000);
  });
});
