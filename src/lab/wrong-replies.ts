import type { FaultKind, Faults } from "./faults.ts";

/** A whole reply that the service did not write. */
export interface WrongReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const signIn = `<!DOCTYPE html>
<html><head><title>Sign in</title></head><body><form action="/login" method="post">Company: proxy sign-in <input name="user"></form></body></html>
`;
const html = { "Content-Type": "text/html; charset=utf-8" };
const json = { "Content-Type": "application/json" };

/** Replies of proxies and gateways in place of the service's, and replies to a wrong address. */
const replies = {
  page: { status: 200, headers: html, body: signIn },
  "page-404": { status: 404, headers: html, body: signIn },
  "page-503": { status: 503, headers: { ...html, "Retry-After": "1" }, body: signIn },
  "json-404": { status: 404, headers: json, body: '{ "statusCode": 404, "message": "Resource not found" }' },
  "empty-200": { status: 200, headers: {}, body: "" },
  "empty-204": { status: 204, headers: {}, body: "" },
  "empty-object": { status: 200, headers: json, body: "{}" },
  redirect: { status: 302, headers: { ...html, Location: "https://proxy.example.com/login" }, body: signIn },
} as const satisfies Record<string, WrongReply>;

export const wrongKinds = [
  "page",
  "page-404",
  "page-503",
  "json-404",
  "empty-200",
  "empty-204",
  "empty-object",
  "redirect",
] as const satisfies readonly (keyof typeof replies & FaultKind)[];

/** Returns the reply that a rule puts in place of the true one: `before` anything is done, or `after`. */
export function wrongReply(faults: Faults, when: "before" | "after"): WrongReply | undefined {
  const kind = wrongKinds.find((one) => faults.rule(when === "before" ? one : `${one}-after`) !== undefined);
  return kind && replies[kind];
}
