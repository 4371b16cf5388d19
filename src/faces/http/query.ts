import type { Context } from "hono";
import { Failure } from "../../failure.ts";
import type { Caller } from "./callers/authentication.ts";
import type { Env } from "./respond.ts";
import type { Connections } from "./running-calls.ts";

/** Returns the parameters of the query. Throws Failure `invalid-input` for a parameter that is unknown or given twice. */
export function queryOf<const Name extends string>(c: Context<Env>, names: readonly Name[]): { readonly [N in Name]?: string } {
  const given = c.req.queries();
  for (const [name, values] of Object.entries(given)) {
    const known = names.length === 0 ? "This path has no parameters." : `Known parameters: ${names.join(", ")}.`;
    if (!names.some((one) => one === name)) throw new Failure("invalid-input", `The query has an unknown parameter. ${known}`);
    if (values.length > 1) throw new Failure("invalid-input", `The parameter ${name} of the query is given twice.`);
  }
  const found: { [N in Name]?: string } = {};
  for (const name of names) {
    const [value] = given[name] ?? [];
    if (value !== undefined && value !== "") found[name] = value;
  }
  return found;
}

/** Returns the connection of a request. Throws Failure `access-denied` for one that the caller may not use, `invalid-input` if none is named. */
export function connectionFor({ grant }: Caller, requested: string | undefined, { names, defaultName }: Connections): string {
  const permitted = names.filter((name) => grant.connections?.includes(name) ?? true);
  const usual = defaultName !== undefined && permitted.includes(defaultName) ? defaultName : undefined;
  const [only, another] = permitted;
  const chosen = requested ?? usual ?? (another === undefined ? only : undefined);
  if (chosen !== undefined && permitted.includes(chosen)) return chosen;
  // A caller that may not use a connection does not learn whether it exists.
  const hint =
    permitted.length === 0 ? "Ask an administrator for an API key for this connection." : `This caller may use: ${permitted.join(", ")}.`;
  if (chosen === undefined && permitted.length > 0) throw new Failure("invalid-input", "Name the connection: ?connection=NAME.", { hint });
  throw new Failure("access-denied", "This caller may not use this connection, or there is no connection with this name.", { hint });
}
