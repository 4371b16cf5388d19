import { Failure } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { HttpResponse } from "../../wire/http/request-and-response.ts";
import { httpAnswer, largestAnswer, oneLine, type Protocol } from "./protocol.ts";

/**
 * Autodiscover v2: one GET without credentials, known to Exchange 2016 and later and to Exchange Online.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxdscli/78530279-d042-4eb0-a1f4-03b18143cd19
 */
export const json: Protocol = {
  name: "Autodiscover v2",
  signsIn: false,
  urlAt: (origin, address) => new URL(`/autodiscover/autodiscover.json/v1.0/${encodeURIComponent(address)}?Protocol=EWS`, origin),
  request: async () => ({ method: "GET", headers: { Accept: "application/json" } }),
  async read(response) {
    if (response.status >= 500 || response.status === 404 || response.status === 401) return httpAnswer(response, false);
    const answer = await objectOf(response);
    const { Protocol: protocol, Url: url, ErrorCode: code, ErrorMessage: message } = answer;
    if (typeof url === "string" && (protocol === undefined || (typeof protocol === "string" && protocol.toUpperCase() === "EWS"))) {
      return { kind: "found", urls: [url], schemas: [] };
    }
    if (typeof code === "string") {
      const why = `${oneLine(code)}${typeof message === "string" ? ` (${oneLine(message)})` : ""}`;
      return { kind: "nothing", failure: new Failure("refused", `It knows no EWS: it answered ${why}.`, { wireCode: oneLine(code) }) };
    }
    throw broken();
  },
};

function broken(): Failure {
  return new Failure("broken-reply", "Its reply is not an Autodiscover reply.");
}

async function objectOf(response: HttpResponse): Promise<Readonly<Record<string, unknown>>> {
  const value = parseJson(await response.text(largestAnswer));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw broken();
  // Only own members, so a member named __proto__ has no effect.
  return Object.fromEntries(Object.entries(value));
}
