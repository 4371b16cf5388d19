import type { CloudName } from "../wire/clouds.ts";
import type { Finding, Step } from "./checkup.ts";
import { cloudOf } from "./place.ts";

/** Something that only the worldwide cloud has, and what it means here. */
export interface Lack {
  readonly action: string;
  readonly lacks: string;
  readonly instead: string;
}

/**
 * Microsoft says of each method of Graph in which clouds it is; these are those that our actions use and that are not in all of them.
 * @see https://learn.microsoft.com/en-us/graph/api/message-permanentdelete
 * @see https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems
 */
const worldwideOnly: readonly Lack[] = [
  { action: "delete-email", lacks: "permanentDelete", instead: "a hard delete goes to the Recoverable Items, and the answer says so" },
  {
    action: "copy-email",
    lacks: "export and import of mailbox items",
    instead: "into another mailbox the copy is a draft, made of the message's MIME",
  },
];

/** What a cloud lacks that the worldwide one has; GCC is in that one. */
export const lacking: Readonly<Record<CloudName, readonly Lack[]>> = {
  worldwide: [],
  "us-gcc-high": worldwideOnly,
  "us-dod": worldwideOnly,
  china: worldwideOnly,
};

/** What the cloud of the connection cannot do. */
export const graphCloud: Step = {
  name: "graph-cloud",
  needs: ["settings"],
  async run(checkup): Promise<Finding> {
    const cloud = cloudOf(checkup);
    const tried = "looked what the actions use that this cloud does not have";
    const lacks = lacking[cloud].filter(({ action }) => checkup.actions.includes(action));
    if (lacks.length === 0) return { status: "ok", tried, found: `${cloud}: nothing` };
    return {
      status: "warning",
      tried,
      found: `${cloud}: ${lacks.map(({ action, lacks: what, instead }) => `${action}: no ${what} (${instead})`).join("; ")}`,
      next: ["Nothing can be done about it; playbooks that use these parts say so in their answers."],
    };
  },
};
