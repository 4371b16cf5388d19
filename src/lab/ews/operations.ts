import type { Operation } from "./operation.ts";

/** Every operation of the lab. */
export const operations: readonly Operation[] = [];
