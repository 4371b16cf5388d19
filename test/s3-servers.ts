import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "./openssl.ts";

/** Keys that the independent server knows. */
export const s3rverKeys = { id: "S3RVER", secret: "S3RVER" };
export const bucketName = "mailcordon-evidence";

/** The independent server, with one bucket. It is another author's, knows no checksums and overwrites without being asked. */
export interface S3rver {
  readonly endpoint: string;
  /** PEM of the authority, if it speaks TLS. */
  readonly ca: string | undefined;
  /** The folder in which it keeps the objects of the bucket. */
  readonly folder: string;
  keys(): readonly string[];
  close(): Promise<void>;
}

interface S3rverClass {
  new (options: object): { run(): Promise<AddressInfo>; close(): Promise<void> };
}

export async function openS3rver({ tls = false } = {}): Promise<S3rver> {
  // It has no types.
  const loaded: unknown = createRequire(import.meta.url)("s3rver");
  const S3rver = loaded as S3rverClass;
  const directory = mkdtempSync(join(tmpdir(), "mailcordon-s3rver-"));
  mkdirSync(join(directory, bucketName));
  const made = tls ? makeCertificate(["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256"]) : undefined;
  const server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, directory, vhostBuckets: false, ...made });
  const { port } = await server.run();
  const folder = join(directory, bucketName);
  return {
    ...{ endpoint: `${tls ? "https" : "http"}://127.0.0.1:${port}`, ca: made?.cert, folder },
    keys: () =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .flatMap((name) => (name.endsWith("._S3rver_object") ? [name.slice(0, -"._S3rver_object".length)] : []))
        .sort(),
    async close() {
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** One request that the scripted server got. */
export interface S3Request {
  readonly method: string;
  readonly key: string;
  readonly headers: IncomingMessage["headers"];
}

export interface ScriptedS3 {
  readonly endpoint: string;
  readonly requests: S3Request[];
  readonly objects: Map<string, Buffer>;
  close(): Promise<void>;
}

/** Answers a request instead of the server; false leaves it to the server. */
export type Script = (request: S3Request, reply: ServerResponse, objects: Map<string, Buffer>) => boolean;

/** A server as Amazon S3 is where s3rver is not: with SHA-256 checksums and conditional writes. `script` makes it fail. */
export async function openScriptedS3(script: Script = () => false): Promise<ScriptedS3> {
  const requests: S3Request[] = [];
  const objects = new Map<string, Buffer>();
  const server = createServer(async (incoming, reply) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const { pathname } = new URL(incoming.url ?? "/", "http://localhost");
    const key = decodeURIComponent(pathname.replace(`/${bucketName}/`, ""));
    const request = { method: incoming.method ?? "", key, headers: incoming.headers };
    requests.push(request);
    if (script(request, reply, objects)) return;
    const found = objects.get(key);
    if (request.method === "PUT") {
      const hash = createHash("sha256").update(body).digest();
      if (incoming.headers["if-none-match"] === "*" && found !== undefined) return refuse(reply, 412, "PreconditionFailed");
      if (incoming.headers["x-amz-checksum-sha256"] !== hash.toString("base64")) return refuse(reply, 400, "BadDigest");
      if (incoming.headers["x-amz-content-sha256"] !== hash.toString("hex")) return refuse(reply, 400, "XAmzContentSHA256Mismatch");
      objects.set(key, body);
      reply.writeHead(200).end();
    } else if (found === undefined) refuse(reply, 404, "NoSuchKey", request.method === "HEAD");
    else {
      const checksum = createHash("sha256").update(found).digest("base64");
      const shown = incoming.headers["x-amz-checksum-mode"] === "ENABLED" ? { "x-amz-checksum-sha256": checksum } : {};
      reply.writeHead(200, { "content-length": found.length, "x-amz-checksum-type": "FULL_OBJECT", ...shown });
      reply.end(request.method === "HEAD" ? undefined : found);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    ...{ endpoint: `http://127.0.0.1:${port}`, requests, objects },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function refuse(reply: ServerResponse, status: number, code: string, isHead = false): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>as the test says</Message></Error>`;
  reply.writeHead(status, { "content-type": "application/xml" }).end(isHead ? undefined : body);
}
