/** Requests that run at the same time, by whom they are charged to. */
export class ConcurrentRequests {
  readonly #running = new Map<string, number>();

  /** Begins a request; the caller calls the returned function when it ends. Returns undefined if `most` requests of the key run already. */
  enter(key: string, most: number): (() => void) | undefined {
    const running = this.#running.get(key) ?? 0;
    if (running >= most) return undefined;
    this.#running.set(key, running + 1);
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      const left = (this.#running.get(key) ?? 1) - 1;
      if (left === 0) this.#running.delete(key);
      else this.#running.set(key, left);
    };
  }
}

/** Limits of concurrent requests. The lab immediately refuses every request above a limit. */
export interface LabThrottling {
  /** Concurrent requests of one account over EWS; default: no limit. */
  readonly ews?: number | undefined;
  /** Whether the four concurrent requests of Graph are those of an application to one mailbox (default) or to all mailboxes together. */
  readonly graph?: "application" | "mailbox" | undefined;
}

/** EWSMaxConcurrency of Exchange's default policy: https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange */
export const ewsMaxConcurrency = 27;

/** Limits by their words on the command line. */
export const throttlingModes = {
  "graph-mailbox": "Microsoft Graph: 4 concurrent requests of an application to one mailbox, as Microsoft documents it (default)",
  "graph-application": "Microsoft Graph: 4 concurrent requests of an application, whatever the mailbox",
  ews: `EWS: ${ewsMaxConcurrency} concurrent requests of one account, or ews:N`,
} as const satisfies Record<string, string>;

/** Reads words of `throttlingModes`. Throws an Error that says which word is wrong. */
export function parseThrottling(words: readonly string[]): LabThrottling {
  let throttling: LabThrottling = {};
  for (const word of words) {
    const ews = /^ews(?::(\d{1,6}))?$/.exec(word);
    if (ews !== null && ews[1] !== "0") throttling = { ...throttling, ews: Number(ews[1] ?? ewsMaxConcurrency) };
    else if (word === "graph-mailbox" || word === "graph-application")
      throttling = { ...throttling, graph: word === "graph-application" ? "application" : "mailbox" };
    else throw new Error(`"${word}" is no throttling mode of the lab. Modes: ${Object.keys(throttlingModes).join(", ")}.`);
  }
  return throttling;
}
