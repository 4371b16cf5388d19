import { Failure } from "../../failure.ts";

/**
 * Returns a refusal due to missing rights as a Failure that names the permission, and any other error unchanged. `what`: the refused operation, such as
 * "list mailboxes".
 */
export function permissionMissing(thrown: unknown, permission: string, what: string): unknown {
  if (!(thrown instanceof Failure) || (thrown.code !== "access-denied" && thrown.code !== "role-missing")) return thrown;
  return new Failure("role-missing", `The application may not ${what}: it lacks the permission ${permission} for Microsoft Graph.`, {
    wireCode: thrown.wireCode,
    requestId: thrown.requestId,
    hint: `An administrator can grant it: API permissions, Microsoft Graph, application permission ${permission}, then admin consent.`,
    cause: thrown,
  });
}
