import type { Group } from "../../store/organisation.ts";
import { badRequest, GraphError } from "../errors.ts";
import { groupId, groupRow, memberRow } from "../items/directory-object-json.ts";
import type { Call, Operation } from "../operation.ts";
import { listReply } from "../reply.ts";

/** The permissions to list groups: https://learn.microsoft.com/en-us/graph/api/group-list */
const listing = ["Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"];

/** @see https://learn.microsoft.com/en-us/graph/api/group-list */
export const listGroups: Operation = {
  name: "group-list",
  method: "GET",
  paths: ["/groups"],
  permissions: listing,
  of: "directory",
  handle: (call) => listReply(call, call.store.organisation.groups.map(groupRow), "group", "groups"),
};

/** Members of a group and of every group inside it, each once. @see https://learn.microsoft.com/en-us/graph/api/group-list-transitivemembers */
export const listTransitiveMembers: Operation = {
  name: "group-list-transitivemembers",
  method: "GET",
  paths: ["/groups/{group}/transitiveMembers"],
  permissions: ["GroupMember.ReadBasic.All", "GroupMember.ReadWrite.All", ...listing],
  of: "directory",
  handle(call) {
    const rows = transitiveMembers(groupAt(call), call).map((address) => memberRow(address, call));
    return listReply(call, rows, "directoryObject", "directoryObjects");
  },
};

function groupAt(call: Call): Group {
  const id = call.parameter("group").toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw badRequest(`Invalid object identifier '${id}'.`);
  const found = call.store.organisation.groups.find((one) => groupId(one) === id);
  if (found !== undefined) return found;
  const text = `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`;
  throw new GraphError(404, "Request_ResourceNotFound", text);
}

/** Addresses of all that is inside, groups too, but not the group itself. */
function transitiveMembers(group: Group, { store }: Call): readonly string[] {
  const found = new Map<string, string>();
  const open = (one: Group): void => {
    for (const member of one.members) {
      const inner = store.group(member);
      const address = inner?.address ?? store.mailbox(member)?.address ?? member;
      if (found.has(address.toLowerCase()) || inner === group) continue;
      found.set(address.toLowerCase(), address);
      if (inner !== undefined) open(inner);
    }
  };
  open(group);
  return [...found.values()];
}
