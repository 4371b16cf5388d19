import { mayUse, type PortMethod } from "../../exchange/port-methods.ts";
import type { Connection } from "../../settings/load-settings.ts";
import { connectionOf, type Finding, type Step } from "../checkup.ts";
import { cloudOf } from "../connection-facts.ts";

/** A feature that not every cloud has, and the effect here. */
export interface CloudGap {
  /** The method of the `Exchange` port that uses it. */
  readonly method: PortMethod;
  readonly lacks: string;
  readonly instead: string;
  /** The setting under `graph` for a cloud that has it. */
  readonly setting: string;
}

/**
 * The methods of Graph that we use and that only the worldwide cloud has (GCC is part of it), by Microsoft's pages. A setting can override this.
 * @see https://learn.microsoft.com/en-us/graph/api/message-permanentdelete
 * @see https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems
 */
const worldwideOnly: readonly (CloudGap & { readonly habit: "permanentDelete" | "importExport" })[] = [
  {
    habit: "permanentDelete",
    setting: "permanent_delete: true",
    method: "delete",
    lacks: "permanentDelete",
    instead: "a hard delete goes to the Recoverable Items, and the answer says so",
  },
  {
    habit: "importExport",
    setting: "import_export: true",
    method: "copy",
    lacks: "export and import of mailbox items",
    instead: "into another mailbox the copy is a draft, made of the message's MIME",
  },
];

/** Returns the functions that the cloud of a connection lacks. */
export function cloudGapsOf({ graph }: Pick<Connection, "graph">): readonly CloudGap[] {
  return worldwideOnly.flatMap(({ habit, ...lack }) => (graph.habits[habit] ? [] : [lack]));
}

/** Checks what the cloud of the connection cannot do. */
export const graphCloud: Step = {
  name: "graph-cloud",
  needs: ["settings"],
  async run(checkup): Promise<Finding> {
    const cloud = cloudOf(checkup);
    const tried = "checked whether the actions use anything that this cloud lacks";
    const lacks = cloudGapsOf(connectionOf(checkup)).flatMap((lack) => {
      const actions = checkup.actions.filter((action) => mayUse(action, lack.method)).map(({ name }) => name);
      return actions.length === 0 ? [] : [{ ...lack, actions }];
    });
    if (lacks.length === 0) return { status: "ok", tried, found: `${cloud}: nothing` };
    return {
      status: "warning",
      tried,
      found: `${cloud}: ${lacks.map(({ actions, lacks: what, instead }) => `${actions.join(", ")}: no ${what} (${instead})`).join("; ")}`,
      next: [
        "No action is needed: the answers report it. If the cloud offers it by now, set for this connection:",
        `graph: { ${lacks.map(({ setting }) => setting).join(", ")} }`,
      ],
    };
  },
};
