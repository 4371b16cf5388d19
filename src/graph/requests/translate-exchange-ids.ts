import { found } from "../session/expected-reply.ts";
import { objectsIn, textIn } from "../session/read-json.ts";
import type { Request } from "../session/request-description.ts";

/** Maximum number of ids per request. */
export const maxIds = 1000;

/** @see https://learn.microsoft.com/en-us/graph/api/user-translateexchangeids#exchangeidformat-values */
export type IdFormat = "ewsId" | "restId" | "restImmutableEntryId";

export interface Translation {
  /** At most 1000. */
  readonly ids: readonly string[];
  readonly from: IdFormat;
  readonly to: IdFormat;
}

/**
 * Translates ids; ids that cannot be translated are left out. Needs User.Read.All, or User.ReadBasic.All for a signed-in person. An application must
 * name the user in the path (since June 2026), as all our requests about a mailbox do.
 * @see https://learn.microsoft.com/en-us/graph/api/user-translateexchangeids
 */
export const translateIds: Request<Translation, ReadonlyMap<string, string>> = {
  name: "user-translateexchangeids",
  safety: "read",
  reply: found("value"),
  write: ({ ids, from, to }) => ({
    method: "POST",
    path: "/translateExchangeIds",
    body: { inputIds: ids, sourceIdType: from, targetIdType: to },
  }),
  read: (reply) =>
    new Map(
      (objectsIn(reply, "value") ?? []).flatMap((one): [string, string][] => {
        const [source, target] = [textIn(one, "sourceId"), textIn(one, "targetId")];
        return source === undefined || target === undefined || target === "" ? [] : [[source, target]];
      }),
    ),
};

/** Translates default ids to immutable ids. */
export const toImmutable: Request<readonly string[], ReadonlyMap<string, string>> = {
  ...translateIds,
  write: (ids) => translateIds.write({ ids, from: "restId", to: "restImmutableEntryId" }),
};
