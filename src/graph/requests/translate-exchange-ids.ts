import { objectsIn, textIn } from "../json.ts";
import type { Request } from "../request.ts";

/** How many ids it takes at once. */
export const maxIds = 1000;

/**
 * The immutable id of each default id; what cannot be translated is left out. At most 1000.
 * @see https://learn.microsoft.com/en-us/graph/api/user-translateexchangeids
 */
export const toImmutable: Request<readonly string[], ReadonlyMap<string, string>> = {
  name: "user-translateexchangeids",
  safety: "read",
  write: (inputIds) => ({
    method: "POST",
    path: "/translateExchangeIds",
    body: { inputIds, sourceIdType: "restId", targetIdType: "restImmutableEntryId" },
  }),
  read: (reply) =>
    new Map(
      (objectsIn(reply, "value") ?? []).flatMap((one): [string, string][] => {
        const [source, target] = [textIn(one, "sourceId"), textIn(one, "targetId")];
        return source === undefined || target === undefined || target === "" ? [] : [[source, target]];
      }),
    ),
};
