import { replyToEmail } from "../../../src/actions/reply-to-email.ts";
import { sendEmail } from "../../../src/actions/send-email.ts";
import { faultRuns, type Scenario, type Thing } from "./run.ts";
import { ann, ben, messageIdOf, type Stage } from "./stage.ts";

/** A message with this subject: sent if it is once in ben's Inbox, and once in Sent Items if a copy is kept. */
function letter(stage: Stage, subject: string, isKept: boolean): Thing {
  // A reply bears the subject as it was read, with what XML cannot carry replaced.
  const count = (address: string, folder: string) =>
    [...stage.mailbox(address).known(folder).items.values()].filter((item) => item.subject.replaceAll("\uFFFD", "") === subject).length;
  return {
    state(result) {
      const [arrived, kept] = [count(ben, "inbox"), count(ann, "sentitems")];
      if (arrived === 0 && kept === 0) return "untouched";
      // Graph keeps a copy of every draft that it sends: a copy that could not be deleted is reported.
      const isLeft = !isKept && kept === 1 && result?.copy_left === true;
      if (arrived === 1 && isLeft && stage.backend === "graph") return "done";
      return arrived === 1 && kept === (isKept ? 1 : 0) ? "done" : `${arrived} arrived, ${kept} kept`;
    },
    leftover() {
      const drafts = count(ann, "drafts") + count(ann, "outbox");
      return drafts === 0 ? undefined : `${drafts} drafts`;
    },
  };
}

function question(stage: Stage, subject: string): string {
  return stage.idOf(stage.put(subject, { from: { name: "Ben Sample", address: ben } }));
}

const attachments = [{ name: "a.txt", base64: Buffer.from("evidence").toString("base64") }];

const scenarios: readonly Scenario[] = [
  {
    title: "with an attachment",
    action: sendEmail,
    arrange: (stage) => ({
      input: { to: ben, subject: "Look out", body_text: "There is mail.", attachments },
      things: [letter(stage, "Look out", true)],
    }),
  },
  {
    title: "without a copy",
    action: sendEmail,
    arrange: (stage) => ({
      input: { to: ben, subject: "Look out", body_text: "There is mail.", save_to_sent: false },
      things: [letter(stage, "Look out", false)],
    }),
  },
  {
    title: "to two messages, quoting them",
    action: replyToEmail,
    arrange(stage) {
      const ids = ["first", "second"].map((subject) => question(stage, subject));
      return {
        input: { item_id: ids, body_text: "Yes." },
        things: ["first", "second"].map((subject) => letter(stage, `RE: ${subject}`, true)),
      };
    },
  },
  {
    title: "by Message-ID, without the original",
    action: replyToEmail,
    arrange(stage) {
      question(stage, "first");
      return {
        input: { internet_message_id: messageIdOf("first"), body_html: "<p>Yes.</p>", quote_original: false },
        things: [letter(stage, "RE: first", true)],
      };
    },
  },
];

await faultRuns(scenarios);
