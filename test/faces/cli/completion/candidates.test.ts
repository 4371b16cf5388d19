import { describe, expect, test } from "vitest";
import { actionNames, loadAction } from "../../../../src/actions/load.ts";
import { completionsOf } from "../../../../src/faces/cli/completion/candidates.ts";

const help = `mailcordon herd: keeps sheep.

  herd in --dogs N    Drives them in. Waits for the dog.
  herd out

  --dogs N            Number of dogs. Default: 1.
  --list FILE         File of names.
  --quiet             Do not bark.
`;
const program = {
  version: () => "1.2.3",
  catalogue: { names: actionNames, aliases: { search: "search-emails-extended" }, load: loadAction },
  commands: [{ name: "herd", summary: "Keep sheep.", run: async () => 0 }],
};
const known = async () => ({
  folders: ["inbox", "drafts"],
  connections: ["prod", "lab", "two words", "$(reboot)"],
  aliases: { phish: "search-emails-extended" },
});
const complete = async (...words: string[]) => {
  const found = await completionsOf(words, program, known, async () => help);
  return found === "files" ? found : found.map(({ word }) => word);
};

describe("the completion", () => {
  test.each([
    [["del"], ["delete-attachments", "delete-email"]],
    [["sear"], ["search-emails-extended", "search"]],
    [["ph"], ["phish"]],
    [["her"], ["herd"]],
    [
      ["delete-email", "--delete-type", ""],
      ["trash", "soft", "hard"],
    ],
    [["delete-email", "--delete-type=s"], ["--delete-type=soft"]],
    [["delete-email", "--delete-type", "=", "s"], ["soft"]],
    [["delete-email", "--confirm-h"], ["--confirm-hard"]],
    [["delete-email", "--item-id", "x", "--item"], ["--item-id"]],
    [["delete-email", "--dry-run", "--dry"], []],
    [["delete-email", "--from"], ["--from-search"]],
    [["get-out-of-office", "--from"], []],
    [["phish", "--folder", "in"], ["inbox"]],
    [["search", "--mailboxes", ""], ["all"]],
    [
      ["search", "-o", "j"],
      ["json", "jsonl"],
    ],
    [["search", "--since", ""], []],
    [
      ["herd", ""],
      ["in", "out"],
    ],
    [["herd", "in", "--d"], ["--dogs"]],
    [["herd", "in", "--dogs", ""], []],
  ])("of %j is %j", async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  test.each([[["search", "--input", ""]], [["search", "--config=./"]], [["herd", "--list", ""]]])(
    "of %j is left to the shell, which knows the files",
    async (words) => {
      expect(await complete(...words)).toBe("files");
    },
  );

  test("offers no name that a shell would read as more than a word", async () => {
    expect(await complete("search", "--connection", "")).toEqual(["prod", "lab"]);
  });
});
