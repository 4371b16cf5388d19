import type { Action } from "../src/catalogue/action-definition.ts";
import { requiredRightsOf } from "../src/doctor/required-rights.ts";
import type { Uses } from "../src/exchange/port-methods.ts";
import { allPermissions, detailsOf, isPermission, type Permission, permissionsOf } from "../src/graph/permissions.ts";
import { planPortMethods } from "../src/sweeps/find/plan-port-methods.ts";

/** The guides of docs/ with a table of permissions of Microsoft Graph and their actions. */
export const guidesWithPermissions = ["connect-exchange-online.md", "leave-ews.md"] as const;

/** A row of such a table; some rows have the kind of the permission as well. */
const row = /^\| `([\w.]+)` \|( Microsoft Graph, application \|)? .* \|$/gm;

/** Returns a guide with the actions of the catalogue in its table. Throws if the guide does not have exactly one row for each permission. */
export function withPermissionRows(guide: string, actions: readonly Action[]): string {
  const seen: string[] = [];
  const text = guide.replace(row, (line, permission: string, kind = "") => {
    if (!isPermission(permission)) return line;
    seen.push(permission);
    return `| \`${permission}\` |${kind} ${neededFor(permission, actions)} |`;
  });
  const wrong = allPermissions.filter((permission) => seen.filter((one) => one === permission).length !== 1);
  if (wrong.length > 0) throw new Error(`The table needs one row for each of: ${wrong.join(", ")}`);
  return text;
}

function neededFor(permission: Permission, actions: readonly Action[]): string {
  const named = (some: readonly Action[]) => some.map(({ name }) => `\`${name}\``);
  const using = actions.filter((action) => permissionsOf(action).includes(permission));
  const sending = using.filter((action) => requiredRightsOf(action).sends);
  // Who sends drafts first; of the permission to send, that is no news.
  const drafting = sending.length < using.length ? sending : [];
  const own = named(using.filter((action) => !drafting.includes(action))).join(", ");
  const users: readonly (Uses & { readonly name: string })[] = [...actions, planPortMethods];
  const parts = users.flatMap(({ name, sometimes = [] }) =>
    sometimes.flatMap((part) => (permissionsOf(part).includes(permission) ? [`\`${name}\` ${part.when}`] : [])),
  );
  const holders = detailsOf(permission).heldBy.filter(isPermission);
  return [
    drafting.length === 0 ? own : `${own}, and the drafts of ${named(drafting).join(" and ")}`,
    ...parts,
    ...(holders.length === 0 ? [] : [`within ${holders.map((holder) => `\`${holder}\``).join(", ")}`]),
  ]
    .filter((part) => part !== "")
    .join("; ");
}
