import { expect, test } from "vitest";
import { labelOf } from "../../../src/faces/automation-service/label.ts";

test.each([
  ["internet_message_id", "Internet Message ID"],
  ["attachment_sha256", "Attachment SHA-256"],
  ["body_html", "Body HTML"],
  ["to", "To"],
  ["has_attachments", "Has Attachments"],
])("%s is labelled %s", (field, label) => {
  expect(labelOf(field)).toBe(label);
});
