import * as z from "zod";
import { Failure } from "../../failure.ts";

/** How a sweep treats messages that arrive after its plan. */
export const LaterArrivals = z.strictObject({
  seconds: z.number().describe("For so long after it began, the sweep looks again."),
  every_seconds: z.number(),
  limit: z.number().describe("So many messages that arrive are treated as those of the plan are."),
  mailboxes: z.array(z.string()).describe("Those that were examined completely."),
});
export type LaterArrivals = z.output<typeof LaterArrivals>;

/** The part of `LaterArrivals` that the request sets. */
export type LaterArrivalsSpec = Omit<LaterArrivals, "mailboxes">;

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const isUnit = (text: string): text is keyof typeof units => Object.hasOwn(units, text);

/** A number and its unit, such as 24h. */
export const duration = /^[1-9]\d{0,5}[smhd]$/;
const mostSeconds = 30 * 86_400;
const defaultEvery = "5m";
const defaultLimit = 100;

function secondsOf(name: string, text: string): number {
  const unit = text.at(-1) ?? "";
  const seconds = isUnit(unit) ? Number(text.slice(0, -1)) * units[unit] : Number.NaN;
  if (seconds <= mostSeconds) return seconds;
  throw new Failure("invalid-input", `${name}: put at most 30d.`);
}

/** Reads how the request treats later arrivals. Throws Failure `invalid-input`. */
export function laterArrivalsOf(request: {
  readonly for?: string | undefined;
  readonly later_limit?: number | undefined;
  readonly look_every?: string | undefined;
}): LaterArrivalsSpec | undefined {
  const { for: time, later_limit, look_every } = request;
  if (time === undefined) {
    if (later_limit !== undefined || look_every !== undefined)
      throw new Failure("invalid-input", "for is required: later_limit and look_every say how it looks again.");
    return undefined;
  }
  return {
    seconds: secondsOf("for", time),
    every_seconds: secondsOf("look_every", look_every ?? defaultEvery),
    limit: later_limit ?? defaultLimit,
  };
}
