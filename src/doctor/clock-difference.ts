import type { Step } from "./checkup.ts";

/** In seconds. Kerberos refuses more than five minutes by default, and Entra's tokens allow about the same. */
const toleratedSeconds = 300;

/** Compares this machine's clock with the server's, by the Date of a reply. Tokens, Kerberos and NTLM all compare clocks. */
export const clock: Step = {
  name: "clock",
  needs: [],
  async run(checkup) {
    const tried = "compared this machine's clock with the Date of a reply";
    for (const { event, at } of checkup.events) {
      const date = event.kind === "reply" ? Date.parse(event.headers.get("date") ?? "") : Number.NaN;
      if (Number.isNaN(date)) continue;
      const seconds = Math.round((at - date) / 1000);
      const words = `this machine is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} the server`;
      if (Math.abs(seconds) <= toleratedSeconds) return { status: "ok", tried, found: Math.abs(seconds) < 2 ? "they agree" : words };
      return {
        status: "warning",
        tried,
        found: `${words}: servers may refuse tokens, Kerberos and NTLM because of this`,
        next: ["Synchronise this machine's clock with a time server:", "timedatectl set-ntp true", "w32tm /resync"],
      };
    }
    return { status: "unknown", tried, found: "no reply had a Date header" };
  },
};
