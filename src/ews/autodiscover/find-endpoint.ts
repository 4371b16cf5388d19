import { asFailure, Failure, type FailureCode } from "../../failure.ts";
import { neverSent } from "../../wire/http/http-client.ts";
import { failureAt } from "../../wire/http/http-failure.ts";
import type { HttpRequest, HttpResponse } from "../../wire/http/request-and-response.ts";
import { lookUpService, redirection, redirectProbe, serviceOrigin, usualOrigins } from "./candidate-urls.ts";
import type { AutodiscoverOptions, AutodiscoverStep } from "./options.ts";
import type { Answer, Protocol } from "./protocol.ts";
import { checkedUrl, domainOf, isTrusted, type TrustedUrls, untrustedHost } from "./trusted-urls.ts";

/** Maximum number of redirects in a row. */
const longestChain = 10;
/**
 * Maximum number of requests, so replies cannot lead on without end. A real search needs 4 places by 3 protocols, and their redirects, for one or two
 * addresses.
 */
const mostRequests = 100;
/** An Autodiscover service replies within seconds; a longer wait is caused by a firewall in between. Milliseconds. */
const replyMs = 30_000;

/** A step that failed. */
interface ProbeFailure {
  readonly host: string;
  readonly failure: Failure;
}

/** The purpose of a search, and its protocols. */
export interface EndpointSearch<Values extends object, Found> {
  /** In the order of use. */
  readonly protocols: readonly Protocol<Values>[];
  /** Converts a reply to the result, with a text about it. Throws Failure for a reply that is not trusted. */
  accept(settingValues: Values, from: URL, protocol: Protocol<Values>["name"]): { readonly found: Found; readonly outcome: string };
  /** Origin that is tried before the usual ones. */
  readonly first?: URL | undefined;
}

/** One search through places, protocols and redirects. Credentials go only to hosts that `trust` names, and once refused they are not sent again. */
export class AutodiscoverSearch<Values extends object, Found> {
  readonly #options: AutodiscoverOptions;
  readonly #trust: TrustedUrls;
  readonly #wanted: EndpointSearch<Values, Found>;
  readonly #addresses = new Set<string>();
  readonly #probeFailures: ProbeFailure[] = [];
  /** Origins that cannot be reached. */
  readonly #unreachable = new Set<string>();
  #requests = 0;
  /** The credentials were refused: sending them again could lock the account. */
  #isRefused = false;

  constructor(options: AutodiscoverOptions, trust: TrustedUrls, wanted: EndpointSearch<Values, Found>) {
    this.#options = options;
    this.#trust = trust;
    this.#wanted = wanted;
  }

  async forAddress(address: string, domain: string, hops: number): Promise<Found | undefined> {
    this.#addresses.add(address.toLowerCase());
    const { protocols, first } = this.#wanted;
    const usual = usualOrigins(domain).filter(({ origin }) => origin !== first?.origin);
    const origins = first === undefined ? usual : [first, ...usual];
    const last = origins.length - 1;
    for (const protocol of protocols) {
      for (let at = 0; at < origins.length; at++) {
        const origin = origins[at];
        if (origin !== undefined) {
          const found = await this.#tryOrigin(protocol, origin, address, hops);
          if (found !== undefined) return found;
        }
        // The less usual places cost requests of their own, so they are tried only when the usual ones returned nothing.
        if (protocol === protocols[0] && at === last) for (const one of await this.#furtherOrigins(domain)) origins.push(one);
      }
    }
    return undefined;
  }

  /** Returns the most informative failure of the steps, with a list of all. */
  failure(): Failure {
    const rank = ({ failure }: ProbeFailure) => byInformation.indexOf(failure.code);
    const [first] = [...this.#probeFailures].sort((one, other) => rank(other) - rank(one));
    const met = [...new Set(this.#probeFailures.map(({ host, failure }) => `${host}: ${failure.message}`))];
    const { code = "unreachable", wireCode, hint } = first?.failure ?? {};
    const list = met.slice(0, 6).join(" ");
    // The actual request to EWS has not been sent.
    return failureAt(
      "connecting",
      code,
      `Autodiscover found no EWS for ${this.#options.address}. ${list}${met.length > 6 ? " …" : ""}`.trim(),
      first?.failure,
      {
        wireCode,
        hint: first !== undefined && ownHint.has(code) ? hint : "Give the URL of EWS itself: ews.url. It ends in /EWS/Exchange.asmx.",
      },
    );
  }

  async #furtherOrigins(domain: string): Promise<URL[]> {
    const further: URL[] = [];
    const probe = redirectProbe(domain);
    await this.#tryStep("redirect", probe, async () => {
      const response = await this.#send({ url: probe, method: "GET", headers: {} }, false);
      response.discard();
      const to = redirection(response, probe);
      if (to !== undefined) further.push(new URL("/", to));
      return to === undefined ? `no redirect (HTTP ${response.status})` : `leads to ${to.host}`;
    });
    const service = serviceOrigin(await (this.#options.lookUpService ?? lookUpService)(domain));
    const query = `_autodiscover._tcp.${domain}`;
    this.#options.step?.({ protocol: "SRV", url: query, outcome: service === undefined ? "no record" : `leads to ${service.host}` });
    if (service !== undefined) further.push(service);
    return further;
  }

  async #tryOrigin(protocol: Protocol<Values>, origin: URL, address: string, hops: number): Promise<Found | undefined> {
    if (this.#unreachable.has(origin.origin) || (protocol.signsIn && this.#isRefused)) return undefined;
    const start = protocol.urlAt(origin, address);
    let found: Found | undefined;
    await this.#tryStep(protocol.name, start, async () => {
      const { answer, url, chain } = await this.#follow(protocol, start, address, hops);
      switch (answer.kind) {
        case "found": {
          const accepted = this.#wanted.accept(answer, url, protocol.name);
          found = accepted.found;
          return accepted.outcome;
        }
        case "address":
          found = await this.#redirectedTo(answer.address, url, chain);
          return "another address";
        case "nothing":
          throw answer.failure;
      }
    });
    return found;
  }

  /** Asks at a URL and follows redirects, within the same protocol. */
  async #follow(protocol: Protocol<Values>, start: URL, address: string, hops: number) {
    const seen = new Set<string>();
    let url = start;
    for (let chain = hops; ; chain++) {
      if (chain > longestChain) throw new Failure("refused", `${start.host} redirects too often: more than ${longestChain} redirects.`);
      if (seen.has(url.href)) throw new Failure("refused", `${start.host} redirects in a circle, back to ${url.host}.`);
      seen.add(url.href);
      if (protocol.signsIn && !isTrusted(url.hostname, this.#trust)) throw untrustedHost(url, this.#trust);
      const response = await this.#send({ url, ...(await protocol.request(address, url)) }, protocol.signsIn);
      const to = await this.#redirected(response, url);
      const answer: Answer<Values> = to === undefined ? await protocol.read(response) : { kind: "elsewhere", url: to.href };
      if (answer.kind !== "elsewhere") return { answer, url, chain };
      url = checkedUrl(answer.url, url);
    }
  }

  async #redirected(response: HttpResponse, url: URL): Promise<URL | undefined> {
    if (response.status < 300 || response.status > 399) return undefined;
    response.discard();
    return redirection(response, url);
  }

  async #redirectedTo(address: string, from: URL, chain: number): Promise<Found | undefined> {
    const domain = domainOf(address);
    if (domain === undefined) throw new Failure("refused", `${from.host} names another address, which is not valid.`);
    if (this.#addresses.has(address.toLowerCase())) throw new Failure("refused", `${from.host} redirects in a circle of addresses.`);
    if (chain >= longestChain) throw new Failure("refused", `${from.host} redirects too often: more than ${longestChain} redirects.`);
    return await this.forAddress(address, domain, chain + 1);
  }

  async #send(request: HttpRequest, signedIn: boolean): Promise<HttpResponse> {
    if (++this.#requests > mostRequests) {
      const message = `Autodiscover led through ${mostRequests} requests without an end.`;
      throw failureAt("connecting", "refused", message, undefined, { wireCode: tooManyRequests });
    }
    const { signal, userAgent, send } = this.#options;
    return await send({ ...request, headers: { "User-Agent": userAgent, ...request.headers }, signal, timeoutMs: replyMs }, signedIn);
  }

  /** Runs one step. A failure is recorded and the search continues, except after a cancellation or an endless chain. */
  async #tryStep(protocol: AutodiscoverStep["protocol"], url: URL, work: () => Promise<string>): Promise<void> {
    try {
      const outcome = await work();
      this.#options.step?.({ protocol, url: url.href, outcome });
    } catch (thrown) {
      const failure = asFailure(thrown);
      this.#options.step?.({ protocol, url: url.href, outcome: failure.message });
      if (failure.code === "cancelled" || failure.code === "internal" || failure.wireCode === tooManyRequests) throw failure;
      // A refused proxy password is not tried again either: the proxy refuses every request alike.
      if (failure.wireCode === "PROXY 407") throw failure;
      if (failure.code === "unauthenticated" && protocol !== "Autodiscover v2") this.#isRefused = true;
      // Another protocol cannot reach such a server either.
      if (neverSent(failure) || failure.code === "timeout") this.#unreachable.add(url.origin);
      this.#probeFailures.push({ host: url.host, failure });
    }
  }
}

const tooManyRequests = "too many requests";

/** From the least to the most informative code. */
const byInformation: readonly FailureCode[] = [
  "unreachable",
  "broken-reply",
  "timeout",
  "refused",
  "tls-failed",
  "busy",
  "access-denied",
  "unauthenticated",
  "invalid-settings",
];

/** Failures whose own hint is more helpful than the general one. */
const ownHint: ReadonlySet<FailureCode> = new Set<FailureCode>(["invalid-settings", "unauthenticated", "tls-failed"]);
