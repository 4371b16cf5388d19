import { badRequest } from "../errors.ts";
import { userRow } from "../items/user-json.ts";
import { optionsOf } from "../odata/options.ts";
import type { Operation } from "../operation.ts";
import { itemReply, listReply } from "../reply.ts";

const reading = ["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/** @see https://learn.microsoft.com/en-us/graph/api/user-list */
export const listUsers: Operation = {
  name: "user-list",
  method: "GET",
  paths: ["/users"],
  permissions: reading,
  of: "directory",
  handle(call) {
    // Directory objects are paged by their nextLink alone: https://learn.microsoft.com/en-us/graph/query-parameters#skip-parameter
    if (optionsOf(call.request.url).has("$skip")) throw badRequest("'$skip' is not supported by the service.", "Request_BadRequest");
    const rows = call.store.organisation.users.map((user) => userRow(user, call.onPremises(user.address), call.licensed(user.address)));
    return listReply(call, rows, "user", "users");
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/user-get */
export const getUser: Operation = {
  name: "user-get",
  method: "GET",
  paths: ["/users/{user}"],
  permissions: [...reading, "User.Read"],
  of: "directory",
  handle(call) {
    const { user, address } = call.mailbox;
    return itemReply(call, userRow(user, call.onPremises(address), call.licensed(address)), "user", "users");
  },
};
