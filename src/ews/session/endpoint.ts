import { asFailure, Failure } from "../../failure.ts";
import type { Discovered } from "../autodiscover/autodiscover.ts";
import type { AutodiscoverOptions } from "../autodiscover/options.ts";
import { isTrusted, type TrustedUrls, trustOf } from "../autodiscover/trusted-urls.ts";

/** The URL of EWS, and the version for requests to it. */
export interface Endpoint {
  /** Finds the URL when it is first needed. Throws Failure. */
  url(signal?: AbortSignal): Promise<URL>;
  /** For `RequestServerVersion`. */
  requestVersion(): string;
  /** Records that the server refused this version. Returns true when an older version is left, which is then remembered. */
  older(refused: string): boolean;
  /** Records that EWS is not at this URL. Returns true when the URL was only remembered, and a new search follows. */
  isElsewhere(url: URL): boolean;
}

/** Storage for the next process. Its content is untrusted. */
export interface EndpointMemory {
  read(): Readonly<Record<string, unknown>> | undefined;
  write(value: object): void;
  forget(): void;
}

/** For connections that store nothing. */
export const noEndpointMemory: EndpointMemory = { read: () => undefined, write: () => undefined, forget: () => undefined };

/**
 * Versions for requests, the best first. Every server from 2013 SP1 to Exchange SE and Exchange Online accepts the first version, and Exchange 2013
 * before its service pack the second.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/requestserverversion
 */
export const requestVersions = ["Exchange2013_SP1", "Exchange2013"] as const;
type RequestVersion = (typeof requestVersions)[number];

/** Servers are moved and updated during maintenance, so the endpoint is looked up again after a day. Milliseconds. */
export const defaultLifetimeMs = 24 * 3_600_000;

/** Maximum difference between the clocks that wrote and read the entry. Milliseconds. */
const clockSkewMs = 300_000;

function isRequestVersion(value: unknown): value is RequestVersion {
  return requestVersions.some((version) => version === value);
}

/** Returns the stored entry if it is recent enough. */
function remembered(memory: EndpointMemory, lifetimeMs: number): Readonly<Record<string, unknown>> | undefined {
  const found = memory.read();
  const at = found?.at;
  if (typeof at !== "number" || at > Date.now() + clockSkewMs || Date.now() - at > lifetimeMs) return undefined;
  return found;
}

/** Manages the current version, and the change to an older one. */
function versions(first: () => RequestVersion, keep: (version: RequestVersion) => void): Pick<Endpoint, "requestVersion" | "older"> {
  let current: RequestVersion | undefined;
  const now = (): RequestVersion => {
    current ??= first();
    return current;
  };
  return {
    requestVersion: now,
    older(refused) {
      // Parallel requests were refused as well: they must not lower the version further.
      if (now() !== refused) return true;
      const next = requestVersions[requestVersions.indexOf(now()) + 1];
      if (next === undefined) return false;
      current = next;
      keep(next);
      return true;
    },
  };
}

/** An endpoint with a configured URL, without a search. Only a version change is stored. */
export function fixedEndpoint(url: URL, memory = noEndpointMemory): Endpoint {
  return {
    url: () => Promise.resolve(url),
    isElsewhere: () => false,
    ...versions(
      () => {
        const version = remembered(memory, defaultLifetimeMs)?.requestVersion;
        return isRequestVersion(version) ? version : requestVersions[0];
      },
      (requestVersion) => memory.write({ requestVersion, at: Date.now() }),
    ),
  };
}

export interface Discovery {
  readonly memory: EndpointMemory;
  /** How long a found endpoint is used, in milliseconds. */
  readonly lifetimeMs: number;
  /** Hosts that may receive our credentials. A remembered URL is checked against it again. */
  readonly trust: TrustedUrls;
  find(): Promise<Pick<Discovered, "url" | "schemas">>;
}

interface KnownEndpoint {
  readonly url: URL;
  readonly version: RequestVersion;
  readonly isRemembered: boolean;
}

/** An endpoint that is looked up, stored, and looked up again when EWS is no longer there. */
export function discoveredEndpoint({ memory, lifetimeMs, trust, find }: Discovery): Endpoint {
  let place: KnownEndpoint | undefined = recall();
  let finding: Promise<KnownEndpoint> | undefined;
  const version = versions(
    () => place?.version ?? requestVersions[0],
    (requestVersion) => {
      if (place !== undefined) keep({ ...place, version: requestVersion });
    },
  );

  function recall(): KnownEndpoint | undefined {
    const found = remembered(memory, lifetimeMs);
    if (typeof found?.url !== "string" || !URL.canParse(found.url) || !isRequestVersion(found.requestVersion)) return undefined;
    const url = new URL(found.url);
    if (url.protocol !== "https:" || !isTrusted(url.hostname, trust)) return undefined;
    return { url, version: found.requestVersion, isRemembered: true };
  }

  function keep(next: KnownEndpoint): void {
    place = next;
    memory.write({ url: next.url.href, requestVersion: next.version, at: Date.now() });
  }

  async function look(): Promise<KnownEndpoint> {
    const { url, schemas } = await find();
    const taken = requestVersions.find((one) => schemas.includes(one));
    const found = { url, version: taken ?? requestVersions[0], isRemembered: false };
    keep(found);
    return found;
  }

  return {
    ...version,
    async url(signal) {
      if (place !== undefined) return place.url;
      if (finding === undefined) {
        finding = look();
        // Waiting callers receive the failure below; without any, it must not be an unhandled rejection.
        finding.catch(() => undefined);
      }
      try {
        return (await unlessAborted(finding, signal)).url;
      } catch (thrown) {
        // A failure that a person must fix first is kept. Above all, a wrong password is not tried again.
        const { code } = asFailure(thrown);
        if (code !== "unauthenticated" && code !== "invalid-settings" && code !== "cancelled") finding = undefined;
        throw thrown;
      }
    },
    isElsewhere(url) {
      if (place === undefined) return true;
      if (place.url.href !== url.href) return true;
      if (!place.isRemembered) return false;
      memory.forget();
      place = undefined;
      finding = undefined;
      return true;
    },
  };
}

/** Lets a caller stop waiting for work that others share, without stopping the work. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Failure("cancelled", "The call was cancelled."));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Options of Autodiscover, without those that an endpoint sets itself. */
export type AutodiscoverRequest = Omit<AutodiscoverOptions, "signal">;

/** Returns an endpoint that Autodiscover finds. Throws Failure `invalid-settings` for an invalid address. */
export function openDiscovery(finding: AutodiscoverRequest, kept: Pick<Discovery, "memory" | "lifetimeMs">): Endpoint {
  return discoveredEndpoint({
    ...kept,
    trust: trustOf(finding.address, finding.allowHosts),
    find: async () => (await import("../autodiscover/autodiscover.ts")).autodiscover(finding),
  });
}
