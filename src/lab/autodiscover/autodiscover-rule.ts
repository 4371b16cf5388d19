// src/lab/autodiscover/: Autodiscover in the lab, and its deliberate faults.

import type { AutodiscoverBehaviour } from "./autodiscover.ts";

/** The behaviours of Autodiscover, with the value after the colon. */
export const autodiscoverKinds = {
  refuse: "refuse:STATUS replies with this HTTP status and no content. Default status: 404",
  redirect: "redirect:URL redirects every request there by HTTP; a redirect to itself is a loop",
  "redirect-url": "redirect-url:URL redirects by the protocol's own element",
  "redirect-address": "redirect-address:ADDRESS tells the client to ask again for this address",
  answer: "answer:URL reports this URL as that of EWS, true or not",
  error: "error:CODE replies with an error of the protocol. Default code: InternalServerError",
  content: "content:TEXT replies with this text, as if it were XML",
  huge: "huge replies without end",
} as const satisfies Readonly<Record<AutodiscoverBehaviour["kind"], string>>;

/** Reads a behaviour from text: `kind` or `kind:value`. Throws an Error with the reason. */
export function parseAutodiscover(text: string): AutodiscoverBehaviour {
  const colon = text.indexOf(":");
  const kind = colon < 0 ? text : text.slice(0, colon);
  const value = colon < 0 ? "" : text.slice(colon + 1);
  const needed = (): string => {
    if (value === "") throw new Error(`"${text}": put a value behind the colon.`);
    return value;
  };
  switch (kind) {
    case "refuse": {
      const status = Number(value || "404");
      if (!Number.isInteger(status) || status < 300 || status > 599) throw new Error(`"${text}": put a status from 300 to 599.`);
      return { kind, status };
    }
    case "redirect":
      return { kind, location: needed() };
    case "redirect-url":
      return { kind, url: needed() };
    case "redirect-address":
      return { kind, address: needed() };
    case "answer":
      return { kind, external: needed() };
    case "error":
      return { kind, code: value || "InternalServerError" };
    case "content":
      return { kind, type: "text/xml; charset=utf-8", body: needed() };
    case "huge":
      return { kind };
    default:
      throw new Error(`"${kind}" is not a behaviour of Autodiscover. Behaviours: ${Object.keys(autodiscoverKinds).join(", ")}.`);
  }
}
