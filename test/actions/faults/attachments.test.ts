import { deleteAttachments } from "../../../src/actions/delete-attachments.ts";
import { faultRuns, type Scenario, type Thing } from "./run.ts";
import { ann, messageIdOf, type Stage, sha256 } from "./stage.ts";

/** The files of two messages, in the order of the messages. */
function files(stage: Stage): readonly Thing[] {
  return ["first", "second"].flatMap((subject) => {
    const named = [`${subject}.txt`, `${subject}.csv`].map((name) => ({ kind: "file", name, content: Buffer.from(`of ${name}`) }) as const);
    const { id } = stage.put(subject, { attachments: named });
    return named.map(
      ({ name, content }): Thing => ({
        evidence: sha256(content),
        // A message whose attachments could not be listed has one result.
        isOf: (result) =>
          result.internet_message_id === messageIdOf(subject) && (result.name === undefined || String(result.name).endsWith(name)),
        state() {
          const message = stage.mailbox(ann).item(id);
          if (message?.folder.distinguishedName !== "inbox") return "the message is gone";
          const there = message.attachments.filter((attachment) => attachment.name === name).length;
          return ["done", "untouched"][there] ?? `${there} of ${name}`;
        },
      }),
    );
  });
}

const scenarios: readonly Scenario[] = [
  {
    title: "all of two messages",
    action: deleteAttachments,
    arrange(stage) {
      const things = files(stage);
      return { input: { internet_message_id: ["first", "second"].map(messageIdOf), all: true }, things };
    },
  },
];

await faultRuns(scenarios);
