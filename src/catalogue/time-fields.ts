import * as z from "zod";
import { narrowing } from "./read-input.ts";

/** Returns the schema of a time that narrows a search. */
export function time(description: string) {
  return (
    z
      .string()
      // A time with its zone has some thirty.
      .max(64)
      .refine((value) => utc(value) !== undefined, "not a time; write it as 2026-01-31T12:00:00Z or 2026-01-31")
      .register(narrowing)
      .optional()
      .describe(`${description} ISO 8601; without a zone, UTC.`)
  );
}

/** Returns a time in UTC as ISO 8601; undefined if the text is not a time. A day stands for its beginning. */
export function utc(text: string): string | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text.trim());
  if (parts === null) return undefined;
  const [, day, clock = "00:00:00", zone = "Z"] = parts;
  const parsed = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  return Number.isNaN(parsed) ? undefined : new Date(parsed).toISOString();
}
