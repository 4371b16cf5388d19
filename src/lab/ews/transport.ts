import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createGzip } from "node:zlib";

/** How writing a reply deliberately fails. */
export type Damage = "truncate" | "reset-mid-body" | "close-cut" | "illegal-characters";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Iterable<string | Uint8Array>;
}

/** References that XML 1.0 forbids, but that Exchange sends if a subject contains such characters. */
const illegalReferences = "&#x0;&#x1F;&#11;";
const names = /<t:(Subject|Name|DisplayName|ConversationTopic)>/g;

function* withIllegalCharacters(body: Iterable<string | Uint8Array>): Iterable<string | Uint8Array> {
  for (const piece of body) yield typeof piece === "string" ? piece.replace(names, `$&${illegalReferences}`) : piece;
}

async function* gzipped(body: Iterable<string | Uint8Array>): AsyncIterable<Uint8Array> {
  const gzip = createGzip();
  const written = (async () => {
    for (const piece of body) if (!gzip.write(piece)) await once(gzip, "drain");
    gzip.end();
  })();
  for await (const chunk of gzip) yield chunk;
  await written;
}

/** Bodies up to this size get a Content-Length; larger ones are sent in chunks, as IIS sends unbuffered bodies. */
const bufferLimit = 64 * 1024;

/** Buffers the body until its length is known: all of it, or enough to show that it is large. */
function bufferBeginning(body: Iterable<string | Uint8Array>): {
  readonly head: Buffer;
  readonly rest: Iterator<string | Uint8Array> | undefined;
} {
  const iterator = body[Symbol.iterator]();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= bufferLimit) {
    const { done, value } = iterator.next();
    if (done === true) return { head: Buffer.concat(pieces), rest: undefined };
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    pieces.push(bytes);
    length += bytes.length;
  }
  return { head: Buffer.concat(pieces), rest: iterator };
}

async function write(response: ServerResponse, piece: string | Uint8Array): Promise<void> {
  if (response.destroyed || response.write(piece)) return;
  // A client that goes away closes instead of draining.
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

/** Writes a reply; resolves when it is handed to the socket or the client has gone. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  damage: Damage | undefined,
  gzip: boolean,
): Promise<void> {
  const body = damage === "illegal-characters" ? withIllegalCharacters(reply.body) : reply.body;
  if (damage !== undefined && damage !== "illegal-characters") return sendDamaged(request, response, { ...reply, body }, damage);
  const { head, rest } = bufferBeginning(body);
  const compress = gzip && head.length > 0 && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  if (!compress && rest === undefined) {
    response.writeHead(reply.status, { ...reply.headers, "Content-Length": head.length });
    response.end(head);
    return;
  }
  response.writeHead(
    reply.status,
    compress ? { ...reply.headers, "Content-Encoding": "gzip", Vary: "Accept-Encoding" } : { ...reply.headers },
  );
  const whole = (function* () {
    yield head;
    for (let next = rest?.next(); next !== undefined && next.done !== true; next = rest?.next()) yield next.value;
  })();
  if (compress) for await (const chunk of gzipped(whole)) await write(response, chunk);
  else {
    for (const piece of whole) {
      if (response.destroyed) return;
      await write(response, piece);
    }
  }
  response.end();
}

/** Writes a reply and then further bodies as they come, each at once; ends with the last, or when the client has gone. */
export async function sendStream(
  response: ServerResponse,
  reply: Reply,
  more: AsyncIterable<Iterable<string | Uint8Array>>,
): Promise<void> {
  response.writeHead(reply.status, reply.headers);
  const whole = (body: Iterable<string | Uint8Array>): Buffer =>
    Buffer.concat([...body].map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));
  await write(response, whole(reply.body));
  for await (const body of more) {
    if (response.destroyed) return;
    await write(response, whole(body));
  }
  response.end();
}

/** Ends the connection with a TCP reset if the socket can, so the client sees ECONNRESET instead of an orderly end. */
export function reset(request: IncomingMessage): void {
  const socket = request.socket;
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}

async function sendDamaged(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  damage: Exclude<Damage, "illegal-characters">,
): Promise<void> {
  const whole = Buffer.concat([...reply.body].map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));
  const part = whole.subarray(0, Math.floor(whole.length / 2));
  if (damage === "close-cut") {
    // Neither a length nor chunks: the end of the connection is the end of the body (RFC 9112, 6.3).
    response.useChunkedEncodingByDefault = false;
    response.writeHead(reply.status, { ...reply.headers, Connection: "close" }).end(part);
    return;
  }
  const said = damage === "truncate" ? part.length : whole.length;
  response.writeHead(reply.status, { ...reply.headers, "Content-Length": said });
  if (damage === "truncate") {
    response.end(part);
    return;
  }
  // The half must have reached the kernel before the reset, or the client would see nothing at all.
  await new Promise<void>((resolve) => response.write(part, () => resolve()));
  reset(request);
}
