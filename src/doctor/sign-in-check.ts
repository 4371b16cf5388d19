import { showVirtualDirectory } from "../setup/on-premises-commands.ts";
import { offerProbeName } from "../wire/sign-in/authenticate.ts";
import { challengesOf } from "../wire/sign-in/challenge.ts";
import { isWeaker } from "../wire/sign-in/scheme-strength.ts";
import { type Checkup, connectionOf, type Step } from "./checkup.ts";
import { urlOf } from "./connection-facts.ts";

/** Returns the sign-in schemes that the server offered, in lower case, when `auth: auto` asked for them. */
export function observedOffers({ events }: Checkup): readonly string[] {
  const asking = new Set(events.flatMap(({ event }) => (event.kind === "request" && event.name === offerProbeName ? [event.number] : [])));
  const challenges = events.flatMap(({ event }) =>
    event.kind === "reply" && event.status === 401 && asking.has(event.number)
      ? challengesOf(event.headers.get("www-authenticate")).map(({ scheme }) => scheme)
      : [],
  );
  return [...new Set(challenges)];
}

/** Checks which schemes the server offers to a connection that chooses the strongest, and whether Basic would send the password. */
export const signInOffer: Step = {
  name: "sign-in",
  needs: ["proxy", "tcp", "tls", "token"],
  async run(checkup) {
    const { auth, name } = connectionOf(checkup);
    const { host } = urlOf(checkup);
    const tried = `checked which sign-in schemes ${host} offers`;
    const atLeast = auth.kind === "auto" ? auth.atLeast : undefined;
    const offers = observedOffers(checkup);
    if (offers.length === 0) return { status: "unknown", tried, found: "unknown: the server asked for no sign-in" };
    const found = `${offers.join(", ")}; the minimum (auth.auto.at_least) is ${atLeast ?? "not set"}`;
    const isBelow = atLeast !== undefined && offers.every((scheme) => isWeaker(scheme, atLeast));
    if (!isBelow && offers.some((scheme) => scheme !== "basic")) return { status: "ok", tried, found };
    const look = [
      "If the server should offer more, something in between may have removed the stronger schemes: check the proxies and load balancers.",
      "An administrator can check which schemes are enabled:",
      showVirtualDirectory,
    ];
    if (isBelow) {
      return { status: "failed", code: "unauthenticated", tried, found: `only ${found}. The password was not sent`, next: look };
    }
    return {
      status: "warning",
      tried,
      found: `only ${found}. Anything that terminates TLS in between can read the password`,
      next: [
        ...look,
        `If the server offers NTLM or Kerberos, set for connections.${name}, so nothing weaker is ever used:`,
        "at_least: ntlm # in auth.auto",
      ],
    };
  },
};
