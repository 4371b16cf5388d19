import { expect } from "vitest";
import type { Failure } from "../../src/failure.ts";
import type { JobOrder } from "../../src/state/jobs.ts";
import type { State } from "../../src/state/state.ts";
import { soon } from "../soon.ts";

export const order: JobOrder = { caller: "key:1", action: "count", repeatable: true, call: '{"n":1}' };
export const reply = { status: 200, body: '{"success":true}' };
export const complain = (failure: Failure) => {
  throw failure;
};
export const ended = (from: State, id: string) =>
  soon(async () => {
    const job = await from.jobs.get(id);
    expect(job?.finishedAt).toBeDefined();
    return job;
  });
