import type { Outcome } from "../../outcome.ts";
import type { QName } from "../../wire/xml/read-xml.ts";
import type { Operation } from "../operation.ts";
import { getReplica } from "../operations/get-folder.ts";
import { type BatchRequest, requestEach } from "../session/batch.ts";
import { type RequestSender, requestStream } from "../session/retry.ts";
import type { StreamedReply } from "../session/streamed-reply.ts";
import { publicFolderOf } from "./public-folder-ids.ts";
import { type PublicRoute, type PublicRoutes, publicPartOf, type RequestReplicas } from "./public-folder-routes.ts";

/** How one mailbox finds the public folders; undefined without Autodiscover. */
export interface Routing {
  readonly routes: PublicRoutes;
  /** The address of the user to whom the public folders are shown. */
  readonly user: string;
}

/** As `requestEach`, but requests about public folders go to the mailboxes that hold them. */
export async function* sendRouted<Id, In, Out>(
  requested: BatchRequest<Id, In, Out>,
  ids: readonly Id[],
  batchSize: number | undefined,
  routing: Routing | undefined,
): AsyncIterable<Outcome<Out>> {
  const { operation, input, sender } = requested;
  const routes = await routesOf(
    operation,
    ids.map((id) => () => input([id])),
    sender,
    routing,
  );
  const groups = new Map<string, { readonly route: PublicRoute | undefined; readonly indexes: number[] }>();
  for (const index of ids.keys()) {
    const route = routes[index];
    const key = JSON.stringify([route?.anchor, route?.mailbox]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { route, indexes: [index] });
    else group.indexes.push(index);
  }
  const [first, second] = groups.values();
  if (second === undefined) {
    yield* requestEach({ ...requested, sender: withRoute(sender, first?.route) }, ids, batchSize);
    return;
  }
  const outcomes = new Map<number, Outcome<Out>>();
  for (const { route, indexes } of groups.values()) {
    const some = indexes.flatMap((index) => ids.slice(index, index + 1));
    let next = 0;
    for await (const outcome of requestEach({ ...requested, sender: withRoute(sender, route) }, some, batchSize)) {
      const index = indexes[next++];
      if (index !== undefined) outcomes.set(index, outcome);
    }
  }
  for (const index of ids.keys()) {
    const outcome = outcomes.get(index);
    if (outcome !== undefined) yield outcome;
  }
}

/** As `requestStream`, with the same routing. */
export async function streamRouted<In, Out>(
  operation: Operation<In, Out>,
  input: In,
  content: readonly QName[],
  sender: RequestSender,
  routing: Routing | undefined,
): Promise<StreamedReply<Out>> {
  const [route] = await routesOf(operation, [() => input], sender, routing);
  return requestStream(operation, input, content, withRoute(sender, route));
}

/** Returns the route of each request; none where no public folder is involved, which costs nothing. */
async function routesOf<In, Out>(
  { name, names }: Operation<In, Out>,
  inputs: readonly (() => In)[],
  sender: RequestSender,
  routing: Routing | undefined,
): Promise<readonly (PublicRoute | undefined)[]> {
  if (routing === undefined || names === undefined) return [];
  // Items copied or moved into or out of public folders go where the contents are: Microsoft lists copying and moving there, and does not say for
  // which of the two folders.
  const folders = inputs.map((input) =>
    names(input())
      .map(publicFolderOf)
      .find((folder) => folder !== undefined),
  );
  const some = folders.filter((folder) => folder !== undefined);
  if (some.length === 0) return [];
  const { routes, user } = routing;
  const found = (await routes.to(publicPartOf(name), user, some, replicaRequest(sender), sender.call.signal)).values();
  return folders.map((folder) => (folder === undefined ? undefined : found.next().value));
}

function replicaRequest(sender: RequestSender): RequestReplicas {
  return async (folderIds, route) => {
    const found: (string | undefined)[] = [];
    const requested = {
      operation: getReplica,
      input: (ids: readonly string[]) => ids.map((id) => ({ id })),
      sender: withRoute(sender, route),
    };
    // A failure is ignored here, because the request about the folder itself will report it.
    for await (const outcome of requestEach(requested, folderIds)) found.push(outcome.ok ? outcome.value.mailboxGuid : undefined);
    return found;
  };
}

function withRoute(sender: RequestSender, route: PublicRoute | undefined): RequestSender {
  return route === undefined ? sender : { ...sender, target: { ...sender.target, route } };
}
