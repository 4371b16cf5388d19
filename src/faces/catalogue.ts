// src/faces/: The ways to call an action (command line, HTTP, MCP, Automation Service), all made from the catalogue of actions.

import type { Action } from "../catalogue/action-definition.ts";

/** The actions of a face, loaded one by one: a process usually needs one. */
export interface Catalogue {
  /** In alphabetical order. */
  readonly names: readonly string[];
  /** Short names, each of one action. Only the command line has them. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Asked only for a name of `names`. */
  load(name: string): Promise<Action>;
}
