import { asFailure, type Failure } from "../../failure.ts";
import type { FoundSettings, UserSettings } from "../autodiscover/user-settings.ts";
import { unlessAborted } from "../session/endpoint.ts";
import { publicRoot } from "./public-folder-ids.ts";

/** The mailbox that a request about public folders must go to. */
export interface PublicRoute {
  /** `X-AnchorMailbox`. */
  readonly anchor: string;
  /** `X-PublicFolderMailbox`. */
  readonly mailbox?: string | undefined;
}

/** Part of the public folders that a request concerns: their list, or the content of one. */
export type PublicPart = "hierarchy" | "content";

/** Operations about the hierarchy, according to Microsoft's table; all others are about content. */
const hierarchyOperations: ReadonlySet<string> = new Set(["CreateFolder", "FindFolder"]);

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/public-folder-access-with-ews-in-exchange */
export function publicPartOf(operation: string): PublicPart {
  return hierarchyOperations.has(operation) ? "hierarchy" : "content";
}

/**
 * Requests which mailboxes hold the contents of some public folders (`PR_REPLICA_LIST`), in their order. Undefined for a folder without this
 * property.
 */
export type RequestReplicas = (folderIds: readonly string[], route: PublicRoute) => Promise<readonly (string | undefined)[]>;

/** The locations of an organisation's public folders, from Autodiscover; remembered. */
export interface PublicRoutes {
  /**
   * Returns the route to each of these folders (ids of `publicFolderOf`) for one user, in their order. Undefined: no route is known, and the request
   * is sent as any other. Throws Failure `cancelled`.
   */
  to(
    part: PublicPart,
    user: string,
    folderIds: readonly string[],
    ask: RequestReplicas,
    signal: AbortSignal | undefined,
  ): Promise<readonly (PublicRoute | undefined)[]>;
}

export interface PublicRoutesOptions {
  readonly settings: (mailbox: string, first: URL | undefined) => Promise<FoundSettings | undefined>;
  /** How long a result is used, in milliseconds. */
  readonly lifetimeMs: number;
  readonly now?: (() => number) | undefined;
}

/** A search without a result may be caused by a disturbance, so it is repeated after a while, but not for each request. Milliseconds. */
const emptyLifetimeMs = 15 * 60_000;
/** More addresses and folders than a connection needs. Beyond this the oldest entries are dropped. */
const mostRemembered = 5000;

/**
 * Finds the mailboxes of public folders as Microsoft describes: the user's `PublicFolderInformation` names the mailbox of the hierarchy, a folder's
 * `PR_REPLICA_LIST` that of its contents.
 *
 * Not seen with a real server: which settings to request for which mailbox. Microsoft's first page took X-PublicFolderMailbox from POX for the
 * hierarchy mailbox. Its newer page takes it from GetUserSettings with the user's own address, which would return a GUID of the user's mailbox.
 * mailcordon uses the hierarchy mailbox, which both headers are to name. Where that is not returned, as is said of Exchange Online, the header is
 * left out, as in a Microsoft sample.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-route-public-folder-hierarchy-requests
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-route-public-folder-content-requests
 */
export function openPublicRoutes({ settings, lifetimeMs, now = Date.now }: PublicRoutesOptions): PublicRoutes {
  let answeredAt: URL | undefined;
  const remember = <T>() => memoryOf<T>(lifetimeMs, now);
  const hierarchies = remember<PublicRoute>();
  const contents = remember<PublicRoute>();
  const replicas = remember<string>();

  /** Returns the settings of a mailbox. A failure is ignored: Exchange may find the mailbox itself, with an extra hop. */
  async function settingsOf(mailbox: string): Promise<UserSettings> {
    try {
      const answered = await settings(mailbox, answeredAt);
      answeredAt = answered?.at ?? answeredAt;
      return answered?.settings ?? {};
    } catch (thrown) {
      const failure: Failure = asFailure(thrown);
      if (failure.code === "internal" || failure.code === "cancelled") throw failure;
      return {};
    }
  }

  async function findHierarchy(user: string): Promise<PublicRoute | undefined> {
    const { publicFolders: anchor } = await settingsOf(user);
    return anchor === undefined ? undefined : { anchor, mailbox: (await settingsOf(anchor)).server };
  }

  async function findContent(guidAddress: string): Promise<PublicRoute | undefined> {
    const { address } = await settingsOf(guidAddress);
    return address === undefined ? undefined : { anchor: address, mailbox: address };
  }

  return {
    async to(part, user, folderIds, ask, signal) {
      const hierarchy = await unlessAborted(
        hierarchies.get(user.toLowerCase(), () => findHierarchy(user)),
        signal,
      );
      if (part === "hierarchy" || hierarchy === undefined) return folderIds.map(() => hierarchy);
      const unknown = [...new Set(folderIds)].filter((id) => id !== publicRoot && !replicas.has(id));
      if (unknown.length > 0) {
        const found = await ask(unknown, hierarchy);
        // Only stores the values, which cannot fail.
        for (const [index, id] of unknown.entries()) void replicas.get(id, async () => found[index]);
      }
      const domain = hierarchy.anchor.slice(hierarchy.anchor.lastIndexOf("@") + 1);
      const routes: (PublicRoute | undefined)[] = [];
      for (const id of folderIds) {
        // The root has no contents.
        const guid = id === publicRoot ? undefined : await replicas.get(id, async () => undefined);
        const address = `${guid}@${domain}`.toLowerCase();
        routes.push(
          guid === undefined
            ? hierarchy
            : await unlessAborted(
                contents.get(address, () => findContent(address)),
                signal,
              ),
        );
      }
      return routes;
    },
  };
}

interface Memory<T> {
  has(key: string): boolean;
  /** One lookup serves all callers. */
  get(key: string, find: () => Promise<T | undefined>): Promise<T | undefined>;
}

function memoryOf<T>(lifetimeMs: number, now: () => number): Memory<T> {
  const kept = new Map<string, { readonly value: Promise<T | undefined>; until: number }>();
  const fresh = (key: string) => {
    const found = kept.get(key);
    return found !== undefined && found.until > now() ? found : undefined;
  };
  return {
    has: (key) => fresh(key) !== undefined,
    get(key, find) {
      const known = fresh(key);
      if (known !== undefined) return known.value;
      const made = { value: find(), until: now() + lifetimeMs };
      kept.delete(key);
      kept.set(key, made);
      for (const oldest of kept.keys()) {
        if (kept.size <= mostRemembered) break;
        kept.delete(oldest);
      }
      made.value.then(
        (value) => {
          if (value === undefined) made.until = now() + Math.min(lifetimeMs, emptyLifetimeMs);
        },
        () => kept.delete(key),
      );
      return made.value;
    },
  };
}
