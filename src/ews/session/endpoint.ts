import { asFailure, Failure } from "../../failure.ts";
import type { Discovered } from "../autodiscover/autodiscover.ts";
import type { AutodiscoverOptions } from "../autodiscover/options.ts";
import { isTrusted, type TrustedUrls, trustOf } from "../autodiscover/trusted-urls.ts";

/** Where EWS is, and the version that requests to it are written in. */
export interface Endpoint {
  /** Looked for when it is first asked. Throws Failure. */
  url(signal?: AbortSignal): Promise<URL>;
  /** For `RequestServerVersion`. */
  requestVersion(): string;
  /** The server refused this version: true when an older one is left, which is then remembered. */
  older(refused: string): boolean;
  /** There is nothing at this URL: true when it was only remembered, and is looked for anew. */
  isElsewhere(url: URL): boolean;
}

/** What is kept for the next process. It gives what anybody may have written. */
export interface EndpointMemory {
  read(): Readonly<Record<string, unknown>> | undefined;
  write(value: object): void;
  forget(): void;
}

/** For who wants nothing to be kept. */
export const noEndpointMemory: EndpointMemory = { read: () => undefined, write: () => undefined, forget: () => undefined };

/**
 * The versions that requests are written in, the best first: every server from 2013 SP1 to Exchange SE and Exchange Online takes the first,
 * Exchange 2013 before its service pack the second.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/requestserverversion
 */
export const requestVersions = ["Exchange2013_SP1", "Exchange2013"] as const;
type RequestVersion = (typeof requestVersions)[number];

/** Servers are moved and updated in maintenance hours: what was found yesterday is looked for again. Milliseconds. */
export const defaultLifetimeMs = 24 * 3_600_000;

/** Two clocks that wrote and read it may differ by this much. Milliseconds. */
const clockSkewMs = 300_000;

function isRequestVersion(value: unknown): value is RequestVersion {
  return requestVersions.some((version) => version === value);
}

/** What was kept and is still young enough. */
function remembered(memory: EndpointMemory, lifetimeMs: number): Readonly<Record<string, unknown>> | undefined {
  const found = memory.read();
  const at = found?.at;
  if (typeof at !== "number" || at > Date.now() + clockSkewMs || Date.now() - at > lifetimeMs) return undefined;
  return found;
}

/** The version as it is now, and how it grows older. */
function versions(first: () => RequestVersion, keep: (version: RequestVersion) => void): Pick<Endpoint, "requestVersion" | "older"> {
  let current: RequestVersion | undefined;
  const now = (): RequestVersion => {
    current ??= first();
    return current;
  };
  return {
    requestVersion: now,
    older(refused) {
      // Others were refused at the same time: they need not go further down than we did.
      if (now() !== refused) return true;
      const next = requestVersions[requestVersions.indexOf(now()) + 1];
      if (next === undefined) return false;
      current = next;
      keep(next);
      return true;
    },
  };
}

/** A URL that somebody gave: nothing is looked for. Only a version that the server refused is kept. */
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
  /** How long what was found is used, in milliseconds. */
  readonly lifetimeMs: number;
  /** Who may be told who we are: what is remembered is held to it anew. */
  readonly trust: TrustedUrls;
  find(): Promise<Pick<Discovered, "url" | "schemas">>;
}

interface KnownEndpoint {
  readonly url: URL;
  readonly version: RequestVersion;
  readonly isRemembered: boolean;
}

/** A URL that is looked for, kept, and looked for again when nothing is there any more. */
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
        // Whoever waits is told; when nobody does, nobody is missing it.
        finding.catch(() => undefined);
      }
      try {
        return (await unlessAborted(finding, signal)).url;
      } catch (thrown) {
        // What a person must change first stays as it is; a wrong password above all is not tried again.
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

/** One search serves all who wait, so that none of them may end it; each may stop waiting. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Failure("cancelled", "The call was cancelled."));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** How autodiscover is asked, without what an endpoint knows itself. */
export type AutodiscoverRequest = Omit<AutodiscoverOptions, "signal">;

/** An endpoint that Autodiscover finds. Throws Failure `invalid-settings` when the address is none. */
export function openDiscovery(finding: AutodiscoverRequest, kept: Pick<Discovery, "memory" | "lifetimeMs">): Endpoint {
  return discoveredEndpoint({
    ...kept,
    trust: trustOf(finding.address, finding.allowHosts),
    find: async () => (await import("../autodiscover/autodiscover.ts")).autodiscover(finding),
  });
}
