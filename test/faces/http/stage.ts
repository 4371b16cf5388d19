// A server of the toys for the test file that imports this: begun before its first test, ended after its last.

import { afterAll, beforeAll } from "vitest";
import type { State } from "../../../src/state/state.ts";
import { temporaryState } from "../../state/temporary.ts";
import { startToys, type ToyServer } from "./server.ts";

/** Where it is; opened again, it is another process's. */
export const folder = temporaryState();
/** The database of the file's tests. */
export let state: State;
/** The server that they ask. */
export let toys: ToyServer;
/** A key that may do everything. */
export let admin: string;
beforeAll(async () => {
  state = await folder.open();
  toys = await startToys(state);
  admin = await toys.key(["admin"]);
});
afterAll(async () => {
  toys.release();
  await toys.close();
  await folder.remove();
});
