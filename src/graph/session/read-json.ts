/** A JSON object from a reply. Nothing is known about its members. */
export interface JsonObject {
  readonly [name: string]: unknown;
}

/** Returns a value if it is an object; undefined for a list, null and everything else. */
export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns an own member: inherited members are not part of the reply. */
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

/** Returns the objects of a list; other values are left out. Undefined where there is no list. */
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

/** Returns a time as ISO 8601 in UTC with milliseconds, which makes times comparable as text; undefined for an invalid time. */
export function timeIn(object: JsonObject | undefined, name: string): string | undefined {
  const text = textIn(object, name);
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
