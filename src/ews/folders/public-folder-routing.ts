import type { Outcome } from "../../outcome.ts";
import type { QName } from "../../wire/xml/read-xml.ts";
import type { Operation } from "../operation.ts";
import { getReplica } from "../operations/get-folder.ts";
import { askEach, type BatchRequest } from "../session/batch.ts";
import { askStreaming, type RequestSender } from "../session/retry.ts";
import type { StreamedReply } from "../session/streamed-reply.ts";
import { publicFolderOf } from "./public-folder-ids.ts";
import { type AskReplicas, type PublicRoute, type PublicRoutes, partOf } from "./public-folder-routes.ts";

/** How one mailbox finds the public folders; undefined where nobody can be asked. */
export interface Routing {
  readonly routes: PublicRoutes;
  /** The address of whom the public folders are shown to. */
  readonly user: string;
}

/** As `askEach`; what is about public folders goes to the mailboxes that hold them. */
export async function* sendRouted<Id, In, Out>(
  requested: BatchRequest<Id, In, Out>,
  ids: readonly Id[],
  batchSize: number | undefined,
  routing: Routing | undefined,
): AsyncIterable<Outcome<Out>> {
  const { operation, input, asker } = requested;
  const routes = await routesOf(
    operation,
    ids.map((id) => () => input([id])),
    asker,
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
    yield* askEach({ ...requested, asker: sentTo(asker, first?.route) }, ids, batchSize);
    return;
  }
  const outcomes = new Map<number, Outcome<Out>>();
  for (const { route, indexes } of groups.values()) {
    const some = indexes.flatMap((index) => ids.slice(index, index + 1));
    let next = 0;
    for await (const outcome of askEach({ ...requested, asker: sentTo(asker, route) }, some, batchSize)) {
      const index = indexes[next++];
      if (index !== undefined) outcomes.set(index, outcome);
    }
  }
  for (const index of ids.keys()) {
    const outcome = outcomes.get(index);
    if (outcome !== undefined) yield outcome;
  }
}

/** As `askStreaming`, sent likewise. */
export async function streamRouted<In, Out>(
  operation: Operation<In, Out>,
  input: In,
  content: readonly QName[],
  asker: RequestSender,
  routing: Routing | undefined,
): Promise<StreamedReply<Out>> {
  const [route] = await routesOf(operation, [() => input], asker, routing);
  return askStreaming(operation, input, content, sentTo(asker, route));
}

/** The route of each request; none where nothing is public, which costs nothing. */
async function routesOf<In, Out>(
  { name, names }: Operation<In, Out>,
  inputs: readonly (() => In)[],
  asker: RequestSender,
  routing: Routing | undefined,
): Promise<readonly (PublicRoute | undefined)[]> {
  if (routing === undefined || names === undefined) return [];
  // What is carried into or out of public folders goes where their contents are: Microsoft lists copying and moving there, and does not say of which.
  const folders = inputs.map((input) =>
    names(input())
      .map(publicFolderOf)
      .find((folder) => folder !== undefined),
  );
  const some = folders.filter((folder) => folder !== undefined);
  if (some.length === 0) return [];
  const { routes, user } = routing;
  const found = (await routes.to(partOf(name), user, some, replicasBy(asker), asker.call.signal)).values();
  return folders.map((folder) => (folder === undefined ? undefined : found.next().value));
}

function replicasBy(asker: RequestSender): AskReplicas {
  return async (folderIds, route) => {
    const found: (string | undefined)[] = [];
    const requested = { operation: getReplica, input: (ids: readonly string[]) => ids.map((id) => ({ id })), asker: sentTo(asker, route) };
    // Whoever asks for the folder itself is told what is wrong with it.
    for await (const outcome of askEach(requested, folderIds)) found.push(outcome.ok ? outcome.value.mailboxGuid : undefined);
    return found;
  };
}

function sentTo(asker: RequestSender, route: PublicRoute | undefined): RequestSender {
  return route === undefined ? asker : { ...asker, target: { ...asker.target, route } };
}
