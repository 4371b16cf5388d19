import type { Server } from "node:http";

/** Listens, on loopback and a free port by default. Returns the URL, without a path, and a function that ends the server with all its connections. */
export async function listen(
  server: Server,
  { host = "127.0.0.1", port = 0, tls }: { host?: string | undefined; port?: number | undefined; tls?: object | undefined },
) {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const taken = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${taken}`,
    close(): Promise<void> {
      server.closeAllConnections();
      return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}
