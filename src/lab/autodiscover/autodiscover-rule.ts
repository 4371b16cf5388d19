// src/lab/autodiscover/: Autodiscover in the lab, with the ways in which it can go wrong on purpose.

import type { AutodiscoverBehaviour } from "./autodiscover.ts";

/** What Autodiscover can be told to do, and what goes behind the colon. */
export const autodiscoverKinds = {
  refuse: "refuse:STATUS answers with this status of HTTP and nothing else; 404 when none is given",
  redirect: "redirect:URL sends every request there by HTTP; to itself, it is a loop",
  "redirect-url": "redirect-url:URL does it in the protocol's own words",
  "redirect-address": "redirect-address:ADDRESS says to ask again for another address",
  answer: "answer:URL says that EWS is there, true or not",
  error: "error:CODE answers with an error of the protocol; InternalServerError when none is given",
  content: "content:TEXT answers with this text, as if it were XML",
  huge: "huge answers without an end",
} as const satisfies Readonly<Record<AutodiscoverBehaviour["kind"], string>>;

/** A behaviour from text: `kind` or `kind:value`. Throws an Error that says what is wrong. */
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
      throw new Error(`"${kind}" is nothing that Autodiscover can do. There are: ${Object.keys(autodiscoverKinds).join(", ")}.`);
  }
}
