import { ewsOptionsOf } from "../../connection/open-connection.ts";
import type { AutodiscoverStep as Asked } from "../../ews/autodiscover/options.ts";
import { discoverEws } from "../../ews/ews.ts";
import { asFailure } from "../../failure.ts";
import { showEwsUrl } from "../../setup/on-premises-commands.ts";
import { connectionOf, type Step } from "../checkup.ts";

/** Finds Exchange Web Services by a new Autodiscover request, if no URL is set. */
export const findServer: Step = {
  name: "autodiscover",
  needs: ["settings"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    const { url, autodiscover: how } = connection.ews;
    if (how === undefined)
      return { status: "skipped", tried: "checked how the server is found", found: `the URL is set: ${url?.href ?? ""}` };
    const tried = `asked Autodiscover for ${how.address}`;
    const requested: Asked[] = [];
    try {
      const options = await ewsOptionsOf(connection, { observe: checkup.observe });
      const found = await discoverEws(options, { signal: checkup.signal, step: (one) => void requested.push(one) });
      checkup.learned.url = found.url;
      return { status: "ok", tried, found: `${found.url.href} (${found.protocol})` };
    } catch (thrown) {
      const { code, message, hint } = asFailure(thrown);
      const places = requested.map(({ protocol, url: at, outcome }) => `${protocol} ${at}: ${outcome}`);
      return {
        status: "failed",
        code,
        tried,
        // Servers wrote parts of the message, so it is shown as a finding, not as a thing to do.
        found: places.length === 0 ? message : `${message} Asked were: ${places.join("; ")}`,
        next: [hint, "An administrator can find the URL for ews.url:", showEwsUrl],
      };
    }
  },
};
