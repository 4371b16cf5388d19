import { request as httpsRequest } from "node:https";
import { Client, type Context, type Middleware, RetryHandler, TelemetryHandler } from "@microsoft/microsoft-graph-client";
import type { Lab } from "../../src/lab/lab.ts";

/**
 * The last of the client's chain: sends with a token what goes to Graph's paths, and without one what goes to addresses of uploads (in the service
 * these are on another host). The client follows links over https alone, and `fetch` takes no certificate of one's own: hence node:https.
 */
class Sender implements Middleware {
  readonly #certificate: string;
  readonly #token: () => Promise<string>;

  constructor(certificate: string, token: () => Promise<string>) {
    this.#certificate = certificate;
    this.#token = token;
  }

  async execute(context: Context): Promise<void> {
    const { request } = context;
    const { method = "GET", body, headers: given } = context.options ?? {};
    const url = new URL(typeof request === "string" ? request : request.url);
    const headers = Object.fromEntries(new Headers(given as Record<string, string> | undefined));
    if (url.pathname.startsWith("/v1.0/")) headers.authorization = `Bearer ${await this.#token()}`;
    const bytes = body === undefined || body === null ? undefined : Buffer.from(await new Response(body).arrayBuffer());
    if (bytes !== undefined) headers["content-length"] = String(bytes.length);
    context.response = await new Promise<Response>((resolve, reject) => {
      const sent = httpsRequest(url, { method, headers, ca: this.#certificate }, (received) => {
        const chunks: Buffer[] = [];
        received.on("data", (chunk: Buffer) => chunks.push(chunk));
        received.on("error", reject);
        received.on("end", () => {
          const status = received.statusCode ?? 0;
          const names = Object.entries(received.headers).map(([name, value]): [string, string] => [name, String(value)]);
          resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers: names }));
        });
      });
      sent.on("error", reject);
      sent.end(bytes);
    });
  }
}

/** Microsoft's client with its own retries. `certificate`: that of the lab. */
export function microsoftClient(lab: Lab, certificate: string, token: () => Promise<string>): Client {
  const retry = new RetryHandler();
  const telemetry = new TelemetryHandler();
  retry.setNext(telemetry);
  telemetry.setNext(new Sender(certificate, token));
  return Client.initWithMiddleware({ baseUrl: `${lab.url}/`, defaultVersion: "v1.0", middleware: retry });
}
