import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";
import { Failure } from "../../failure.ts";
import type { Http } from "../http/client-interface.ts";
import { type EntraError, readEntraError } from "./entra-failure.ts";

/** The network of the identity library: our own client, so the connection's proxies, authorities and time-outs apply. */
export interface EntraNetwork extends INetworkModule {
  /** The last error, of the network or in the reply; the library wraps or rewords both. */
  readonly failure: () => Failure | undefined;
  readonly refusal: () => EntraError | undefined;
}

/** Discovery documents and token replies have a few thousand bytes; a token of a user in many groups has some ten thousand. */
const largestAnswer = 262_144;

export function entraNetwork(http: Http, signal: AbortSignal): EntraNetwork {
  let failure: Failure | undefined;
  let refusal: EntraError | undefined;
  async function ask<T>(method: "GET" | "POST", address: string, options: NetworkRequestOptions = {}): Promise<NetworkResponse<T>> {
    failure = undefined;
    refusal = undefined;
    const body = options.body === undefined ? undefined : Buffer.from(options.body, "utf8");
    try {
      const response = await http.send({
        url: new URL(address),
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded;charset=utf-8" }),
          ...options.headers,
          accept: "application/json",
        },
        signal,
        ...(body === undefined ? {} : { body: { size: body.length, open: () => once(body) } }),
      });
      const answer: T = jsonOf(await response.text(largestAnswer), response.status, new URL(address).host);
      refusal = response.status >= 400 ? readEntraError(answer) : undefined;
      // Without an Entra error, the reply comes from a gateway; with one, the library handles it.
      if (response.status === 429 || (response.status >= 500 && refusal === undefined)) throw busy(response.status, new URL(address).host);
      return { status: response.status, headers: Object.fromEntries(response.headers), body: answer };
    } catch (thrown) {
      if (thrown instanceof Failure) failure = thrown;
      throw thrown;
    }
  }
  return {
    failure: () => failure,
    refusal: () => refusal,
    sendGetRequestAsync: (address, options) => ask("GET", address, options),
    sendPostRequestAsync: (address, options) => ask("POST", address, options),
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function busy(status: number, host: string): Failure {
  return new Failure("busy", `${host} is not ready to give a token (HTTP ${status}).`, { wireCode: `HTTP ${status}` });
}

function jsonOf(text: string, status: number, host: string) {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    if (status === 429 || status >= 500) throw busy(status, host);
    throw new Failure("broken-reply", `${host} did not answer as a token endpoint does (HTTP ${status}).`, {
      wireCode: `HTTP ${status}`,
      hint: "Check authority and cloud, and that no proxy answers with a sign-in page.",
    });
  }
}
