import { found } from "../session/expected-reply.ts";
import { objectsIn, textIn } from "../session/read-json.ts";
import type { Request } from "../session/request-description.ts";

/** How many ids it takes at once. */
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
 * The ids in another form; what cannot be translated is left out. Needs User.Read.All; of a person User.ReadBasic.All.
 * An application may ask only with the user in the path (since June 2026), which every request of ours about a mailbox has.
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

/** The immutable id of each default id. */
export const toImmutable: Request<readonly string[], ReadonlyMap<string, string>> = {
  ...translateIds,
  write: (ids) => translateIds.write({ ids, from: "restId", to: "restImmutableEntryId" }),
};
