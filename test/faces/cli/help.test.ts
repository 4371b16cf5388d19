import { expect, test } from "vitest";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { actionHelp } from "../../../src/faces/cli/help.ts";

test("help names fields as flags, and the choices of a field as they are given", () => {
  const help = actionHelp(searchEmailsExtended, 100).replace(/\s+/g, " ");
  expect(help).toContain("any of: received_at, from, subject, folder_path, has_attachments, is_read");
  expect(help).toContain("--[no-]has-attachments");
});
