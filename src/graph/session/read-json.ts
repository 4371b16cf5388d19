/** A JSON object as it came: nothing is known of its members. */
export interface JsonObject {
  readonly [name: string]: unknown;
}

/** The object that a value is; undefined for a list, null and everything else. */
export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own member: what every object inherits is no answer of the server. */
export function memberOf(object: JsonObject | undefined, name: string): unknown {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

export function textIn(object: JsonObject | undefined, name: string): string | undefined {
  const value = memberOf(object, name);
  return typeof value === "string" ? value : undefined;
}

export function flagIn(object: JsonObject | undefined, name: string): boolean | undefined {
  const value = memberOf(object, name);
  return typeof value === "boolean" ? value : undefined;
}

export function numberIn(object: JsonObject | undefined, name: string): number | undefined {
  const value = memberOf(object, name);
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The objects of a list; what is none is left out. Undefined where there is no list. */
export function objectsIn(object: JsonObject | undefined, name: string): readonly JsonObject[] | undefined {
  const value = memberOf(object, name);
  return Array.isArray(value) ? value.filter(isObject) : undefined;
}

export function textsIn(object: JsonObject | undefined, name: string): readonly string[] | undefined {
  const value = memberOf(object, name);
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : undefined;
}

export function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  return objectOf(memberOf(object, name));
}

/** A time as ISO 8601 in UTC with milliseconds, so that times can be compared as text; undefined for what is none. */
export function timeIn(object: JsonObject | undefined, name: string): string | undefined {
  const text = textIn(object, name);
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
