import * as z from "zod";
import { parseSecretPlace } from "./secrets.ts";

/** Returns the error of a field: missing or wrong, and the expected value. Never shows the present value, which may be a secret. */
export function expected(what: string) {
  return { error: (issue: { readonly input?: unknown }) => `${issue.input === undefined ? "is missing" : "is not valid"}; put ${what}` };
}

export const text = (what: string) => z.string(expected(what)).refine((value) => value.trim() !== "", expected(what));

const secretWords = "env:NAME (the environment variable that holds it) or file:PATH (the file that holds it), never the secret itself";
export const secret = z.string(expected(secretWords)).refine((value) => parseSecretPlace(value) !== undefined, expected(secretWords));

/** http or https, without a password in it. */
export function isWebAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}

/** RFC 6761 section 6.3 and RFC 5735: names and addresses that never leave this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** True for an address on which nobody on the way can read: https, or http that stays on this machine. */
export function isPrivate(value: string): boolean {
  const { protocol, hostname } = new URL(value);
  return protocol === "https:" || isLoopback(hostname);
}
