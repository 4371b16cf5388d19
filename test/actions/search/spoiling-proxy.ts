import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { openEws } from "../../../src/ews/ews.ts";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { openGraph } from "../../../src/graph/graph.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { labToken } from "../../../src/lab/practice.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import type { Backend } from "../lab-host.ts";

/** One request and the reply of the lab to it. */
export interface Passing {
  readonly url: string;
  readonly asked: string;
  readonly reply: string;
  /** Origin of the lab in its replies, to which the client sends its requests. */
  readonly origin: string;
}

/** A damaged reply, in place of the lab's. */
export interface Spoilt {
  readonly status: number;
  readonly body: string;
}

export interface SpoilingProxy {
  readonly exchange: Exchange;
  /** How many requests were passed on. */
  readonly passed: { count: number };
  close(): Promise<void>;
}

/** A lab behind something that spoils some of its replies, for both back ends. `spoil`: what is sent instead of a reply; undefined: the reply. `altered`: a path, or a body, as it is passed on. */
export async function openSpoilingProxy(
  lab: Lab,
  backend: Backend,
  spoil: (passing: Passing) => Spoilt | undefined,
  altered: (asked: string) => string = (asked) => asked,
): Promise<SpoilingProxy> {
  const passed = { count: 0 };
  const server = createServer(async (asked, reply) => {
    passed.count += 1;
    const pieces: Buffer[] = [];
    for await (const piece of asked) pieces.push(piece);
    const body = Buffer.from(altered(Buffer.concat(pieces).toString("utf8")));
    // A compressed reply cannot be examined.
    const { "accept-encoding": ___, "content-length": ____, ...plain } = asked.headers;
    const headers = body.length === 0 ? plain : { ...plain, "content-length": body.length };
    const passing = request(`${lab.url}${altered(asked.url ?? "")}`, { method: asked.method, headers }, async (said) => {
      const got: Buffer[] = [];
      for await (const piece of said) got.push(piece);
      const whole = Buffer.concat(got);
      const instead = spoil({
        url: asked.url ?? "",
        asked: body.toString("utf8"),
        reply: whole.toString("utf8"),
        origin: `http://${asked.headers.host}`,
      });
      const { "content-length": _, "transfer-encoding": __, ...headers } = said.headers;
      const bytes = instead === undefined ? whole : Buffer.from(instead.body);
      reply.writeHead(instead?.status ?? said.statusCode ?? 502, { ...headers, "content-length": bytes.length }).end(bytes);
    });
    passing.on("error", () => reply.destroy());
    passing.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // The border is Node's own: a listening TCP server has such an address.
  const { port } = server.address() as AddressInfo;
  const here = (url: string) => url.replace(lab.url, `http://127.0.0.1:${port}`);
  const authorization = `Bearer ${labToken}`;
  const exchange =
    backend === "ews"
      ? openEws({
          url: here(lab.ewsUrl),
          authorize: async () => ({ authorization: `Basic ${Buffer.from(`${socAddress}:${labPassword}`).toString("base64")}` }),
          access: "impersonation",
          defaultMailbox: socAddress,
        })
      : openGraph({
          url: here(lab.graphUrl),
          defaultMailbox: socAddress,
          signIn: (http) => ({ ...http, send: (one) => http.send({ ...one, headers: { ...one.headers, authorization } }) }),
        });
  return {
    exchange,
    passed,
    async close() {
      await exchange.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
