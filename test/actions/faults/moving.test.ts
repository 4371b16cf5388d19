import { copyEmail } from "../../../src/actions/copy-email.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { junkMail } from "../../../src/actions/junk-mail.ts";
import { isBlocked } from "../../../src/lab/store/delivery.ts";
import { faultRuns, type Scenario, type Thing } from "./run.ts";
import { ann, ben, messageIdOf, type Stage, sha256Of, whereIs } from "./stage.ts";

const subjects = ["first", "second"];

/** Messages with one copy, either in the original folder or in the destination. */
function moved(stage: Stage, to: string, kept = false): (Thing & { readonly id: string })[] {
  return subjects.map((subject) => {
    const item = stage.put(subject);
    return {
      id: stage.idOf(item),
      evidence: kept ? sha256Of(item) : undefined,
      state() {
        const places = whereIs(stage, subject).join(", ");
        return { [`${ann} inbox`]: "untouched", [`${ann} ${to}`]: "done" }[places] ?? (places || "nowhere");
      },
    };
  });
}

/** Messages that stay in their folder, with at most one copy elsewhere. */
function copied(stage: Stage, copy: string): (Thing & { readonly id: string })[] {
  return subjects.map((subject) => ({
    id: stage.idOf(stage.put(subject)),
    state() {
      // A partly made copy that was deleted again may be unreported; one left in Drafts must be reported.
      const other = [`${ben} drafts`, `${ben} recoverableitemspurges`];
      const places = whereIs(stage, subject)
        .filter((place) => !other.includes(place))
        .join(", ");
      const both = [`${ann} inbox`, copy].sort().join(", ");
      return { [`${ann} inbox`]: "untouched", [both]: "done" }[places] ?? (places || "nowhere");
    },
    leftover: () => whereIs(stage, subject).find((place) => place === `${ben} drafts`),
  }));
}

const idsOf = (things: readonly { readonly id: string }[]) => things.map(({ id }) => id);

const scenarios: readonly Scenario[] = [
  {
    title: "softly, by id",
    action: deleteEmail,
    arrange(stage) {
      const things = moved(stage, "recoverableitemsdeletions");
      return { input: { item_id: idsOf(things) }, things };
    },
  },
  {
    title: "to the trash, by Message-ID",
    action: deleteEmail,
    arrange(stage) {
      const things = moved(stage, "deleteditems");
      return { input: { internet_message_id: subjects.map(messageIdOf), delete_type: "trash" }, things };
    },
  },
  {
    title: "for good, with evidence",
    action: deleteEmail,
    arrange(stage) {
      const things = moved(stage, "recoverableitemspurges", true);
      return { input: { item_id: idsOf(things), delete_type: "hard", confirm_hard: true, keep_evidence: true }, things };
    },
  },
  {
    title: "with their sender blocked where that is possible",
    action: junkMail,
    arrange(stage) {
      const things = moved(stage, "junkemail").map((thing) => ({
        ...thing,
        state() {
          const isDone = thing.state() === "done";
          return isDone && stage.backend === "ews" && !isBlocked(stage.mailbox(ann), "mallory@example.org")
            ? "moved, sender not blocked"
            : thing.state();
        },
      }));
      return { input: { item_id: idsOf(things) }, things };
    },
  },
  {
    title: "within the mailbox, to a folder that is made",
    action: copyEmail,
    arrange(stage) {
      const things = copied(stage, `${ann} Cases`);
      return { input: { item_id: idsOf(things), destination_folder: "Inbox/Cases", create_folder: true }, things };
    },
  },
  {
    title: "to another mailbox",
    action: copyEmail,
    arrange(stage) {
      const things = copied(stage, `${ben} inbox`);
      return { input: { item_id: idsOf(things), destination_folder: "inbox", destination_mailbox: ben }, things };
    },
  },
  {
    title: "to another mailbox, in a cloud without export and import",
    action: copyEmail,
    habits: { importExport: false },
    operations: ["outlook-get-mime-message", "user-post-messages", "message-move"],
    arrange(stage) {
      const things = copied(stage, `${ben} inbox`);
      return { input: { item_id: idsOf(things), destination_folder: "inbox", destination_mailbox: ben }, things };
    },
  },
];

await faultRuns(scenarios);
