import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import { type Checkup, connectionOf, type Step } from "./checkup.ts";
import { connectLimit, fieldOf, proxyOf, urlOf } from "./connection-facts.ts";

/** Checks which proxy leads to the server, and which setting names it. */
export const proxy: Step = {
  name: "proxy",
  needs: ["settings", "autodiscover"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    const url = urlOf(checkup);
    const tried = `checked which proxy leads to ${url.host}`;
    const found = proxyOf(connection, url);
    if (found === undefined) return { status: "ok", tried, found: "none: the connection to the server is direct" };
    const who = found.credentials === undefined ? "without a user name" : "with a user name";
    return { status: "ok", tried, found: `${found.url.origin}, ${who}` };
  },
};

export const nameResolution: Step = {
  name: "name-resolution",
  needs: ["proxy"],
  async run(checkup) {
    const { host } = nextHop(checkup);
    const tried = `asked for the addresses of ${host}`;
    try {
      const addresses = await lookup(host, { all: true });
      return { status: "ok", tried, found: addresses.map(({ address }) => address).join(", ") };
    } catch (thrown) {
      return {
        status: "failed",
        code: "unreachable",
        tried,
        found: codeOf(thrown) === "ENOTFOUND" ? "the name does not exist" : `it cannot be resolved (${codeOf(thrown)})`,
        next: [
          `Check the host in ${fieldOf(checkup, "url")}, and ask your name server for it:`,
          `nslookup ${host}`,
          "If only a proxy can resolve the name, set the proxy for this connection or in HTTPS_PROXY.",
        ],
      };
    }
  },
};

export const tcp: Step = {
  name: "tcp",
  needs: ["name-resolution"],
  async run(checkup) {
    const { host, port, isProxy } = nextHop(checkup);
    const tried = `connected to ${host} port ${port}${isProxy ? " (the proxy)" : ""}`;
    const start = performance.now();
    const problem = await tryConnect(host, port, connectLimit(connectionOf(checkup)), checkup.signal);
    if (problem === undefined) return { status: "ok", tried, found: `connected in ${Math.round(performance.now() - start)} ms` };
    return {
      status: "failed",
      code: problem === "ETIMEDOUT" ? "timeout" : "unreachable",
      tried,
      found: errorTexts[problem] ?? problem,
      next: isProxy
        ? ["Check the proxy's address and port, and that the proxy is running."]
        : [
            `Open TCP port ${port} in the firewalls between this machine and ${host}, or set the proxy that leads there.`,
            `Test-NetConnection -ComputerName ${host} -Port ${port}`,
          ],
    };
  },
};

const errorTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there, or a firewall refuses",
  ETIMEDOUT: "no answer: a firewall drops the packets, or the machine is off",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to its network",
  ECONNRESET: "the connection was reset",
};

/** Returns the machine to connect to: the proxy, if there is one. */
function nextHop(checkup: Checkup): { readonly host: string; readonly port: number; readonly isProxy: boolean } {
  const connection = connectionOf(checkup);
  const url = urlOf(checkup);
  const found = proxyOf(connection, url);
  const { hostname, port, protocol } = found?.url ?? url;
  const host = hostname.replace(/^\[|\]$/g, "");
  return { host, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port), isProxy: found !== undefined };
}

/** Returns undefined once connected, otherwise the system's error code. */
function tryConnect(host: string, port: number, ms: number, signal: AbortSignal | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, ...(signal === undefined ? {} : { signal }) });
    const end = (code: string | undefined) => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(ms, () => end("ETIMEDOUT"));
    socket.once("connect", () => end(undefined));
    socket.once("error", (thrown) => end(codeOf(thrown)));
  });
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown";
  // Node reports several failed addresses as one error with several inside.
  if (thrown instanceof AggregateError && !("code" in thrown)) return codeOf(thrown.errors[0]);
  return "code" in thrown ? String(thrown.code) : thrown.name;
}
