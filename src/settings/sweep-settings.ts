import * as z from "zod";
import { Failure } from "../failure.ts";
import { expected } from "./setting-fields.ts";

const words = "a number of targets, at least 0: a sweep of more needs the approval of another person";

/** `sweep` in mailcordon.yaml. */
export const SweepSettings = z.strictObject({
  second_person_above: z.number(expected(words)).int(expected(words)).min(0, expected(words)).optional(),
});

/** The settings of sweeps. */
export interface SweepRules {
  /** More targets than that need the approval of another person; undefined: one person decides on any number. */
  readonly secondPersonAbove: number | undefined;
}

/** Reads the section `sweep`. Throws Failure `invalid-settings`. */
export function readSweepRules(section: unknown): SweepRules {
  const parsed = SweepSettings.safeParse(section ?? {});
  if (parsed.success) return { secondPersonAbove: parsed.data.second_person_above };
  const words = parsed.error.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => `sweep.${key.slice(0, 100)} is not a setting`).join("; ")
      : `${["sweep", ...issue.path].join(".")} ${issue.message}`,
  );
  throw new Failure("invalid-settings", `${words.join("; ")}.`, { cause: parsed.error });
}
