/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the value of an own member; Graph's names are case-sensitive here. */
export function memberOf(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** As `memberOf`, ignoring case, as Graph reads the parameters of actions. */
export function parameterOf(object: JsonObject, name: string): Json | undefined {
  const wanted = name.toLowerCase();
  const found = Object.keys(object).find((key) => key.toLowerCase() === wanted);
  return found === undefined ? undefined : object[found];
}

/** Parses a JSON object. Returns undefined for other text. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A time as Graph writes it: whole seconds, UTC. */
export function timeJson(date: Date | undefined): string | null {
  return date === undefined ? null : `${date.toISOString().slice(0, 19)}Z`;
}

/** Returns the object with further members that are computed on each read: unused ones cost nothing. */
export function withComputed(object: JsonObject, computed: Readonly<Record<string, () => Json>>): JsonObject {
  const result = { ...object };
  for (const [name, get] of Object.entries(computed)) Object.defineProperty(result, name, { enumerable: true, get });
  return result;
}
