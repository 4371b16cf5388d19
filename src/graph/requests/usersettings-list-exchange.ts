import { found } from "../session/expected-reply.ts";
import { textIn } from "../session/read-json.ts";
import { type Request, required } from "../session/request-description.ts";

/**
 * Reads the id (`MBX:guid@guid`) of a mailbox for export and import. Worldwide cloud only; needs User.Read.All.
 * @see https://learn.microsoft.com/en-us/graph/api/usersettings-list-exchange
 */
export const getMailboxId: Request<undefined, string> = {
  name: "usersettings-list-exchange",
  safety: "read",
  reply: found("primaryMailboxId"),
  write: () => ({ method: "GET", path: "/settings/exchange", ids: "rest" }),
  read: (reply) => required(textIn(reply, "primaryMailboxId"), "primaryMailboxId"),
};
