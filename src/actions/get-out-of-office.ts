import * as z from "zod";
import { defineWholeAnswerAction } from "../catalogue/action-definition.ts";
import { commonFields, omitUndefined } from "../catalogue/common-fields.ts";
import type { OutOfOffice } from "../exchange/out-of-office.ts";
import { sameOverGraph } from "../exchange/port-methods.ts";
import { textOfHtml } from "../exchange/search/html-text.ts";

/** Reports automatic replies: the setting, the texts, and whether replies are sent now. */
export const getOutOfOffice = defineWholeAnswerAction({
  name: "get-out-of-office",
  title: "Get Out Of Office",
  summary: "Report whether a mailbox sends automatic replies, when, and what they say.",
  uses: ["outOfOffice"],
  overGraph: sameOverGraph,
  input: z.strictObject(commonFields),
  glance: {
    // The text has the content of the HTML. Exchange also stores times that have no effect.
    members: ({ state, start, end, external_audience, internal_reply_text, external_reply_text }) => ({
      state,
      ...(state === "Scheduled" ? { start, end } : {}),
      external_audience,
      internal_reply: internal_reply_text,
      external_reply: external_reply_text,
    }),
  },
  example: { mailbox: "user04@example.com" },
  output: z.strictObject({
    message: z.string(),
    state: z.enum(["Disabled", "Enabled", "Scheduled"]),
    is_active_now: z.boolean().describe("Whether automatic replies are sent now: enabled, or scheduled for the current time."),
    external_audience: z.enum(["None", "Known", "All"]).optional().describe("Senders outside the organisation who get a reply."),
    start: z.string().optional().describe("UTC, ISO 8601. It applies only if state is Scheduled."),
    end: z.string().optional().describe("UTC, ISO 8601. It applies only if state is Scheduled."),
    internal_reply: z.string().optional().describe("HTML, as Exchange stores it."),
    internal_reply_text: z.string().optional(),
    external_reply: z.string().optional().describe("HTML, as Exchange stores it."),
    external_reply_text: z.string().optional(),
  }),
}).run(async (_input, { mailbox, now }) => {
  const found = await mailbox.outOfOffice();
  const active = isActive(found, now());
  return omitUndefined({
    message: `${mailbox.address} ${active ? "sends automatic replies now" : "does not send automatic replies now"} (${found.state}).`,
    state: found.state,
    is_active_now: active,
    external_audience: found.externalAudience,
    start: found.start,
    end: found.end,
    internal_reply: found.internalReply,
    internal_reply_text: found.internalReply === undefined ? undefined : textOfHtml(found.internalReply),
    external_reply: found.externalReply,
    external_reply_text: found.externalReply === undefined ? undefined : textOfHtml(found.externalReply),
  });
});

function isActive({ state, start, end }: OutOfOffice, now: Date): boolean {
  if (state !== "Scheduled") return state === "Enabled";
  const begun = start !== undefined && Date.parse(start) <= now.getTime();
  return begun && (end === undefined || now.getTime() < Date.parse(end));
}
