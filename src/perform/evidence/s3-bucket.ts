import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { Readable } from "node:stream";
import { Failure } from "../../failure.ts";
import { bucketFailure, refusalOf } from "./s3-failures.ts";

/** How a bucket is reached. */
export interface BucketPlace {
  readonly bucket: string;
  readonly region: string;
  /** Undefined: Amazon S3. */
  readonly endpoint: string | undefined;
  /** Beginning of every key: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Whether the bucket is named in the path, and not in the host. */
  readonly pathStyle: boolean;
  /** Undefined: the identity of the machine, as the AWS SDK finds it. */
  readonly keys: { readonly id: string; readonly secret: string; readonly sessionToken: string | undefined } | undefined;
  /** The authority that signed the server's certificate, as PEM. */
  readonly ca: string | undefined;
}

/** Bytes with their hash in hexadecimal. */
export interface Content {
  readonly size: number;
  readonly sha256: string;
}

/** A bucket whose objects are never overwritten. Each method throws Failure `evidence-failed`. */
export interface Bucket {
  /** For people: `s3://bucket/prefix`. */
  readonly name: string;
  /** Keeps a file under a key, unless the key has these bytes already. Afterwards the server has shown that it has them. */
  keepFile(key: string, path: string, content: Content): Promise<void>;
  /** The same with bytes in memory. */
  keepBytes(key: string, bytes: Buffer): Promise<void>;
  /** Size of an object; undefined if there is none. */
  size(key: string): Promise<number | undefined>;
  read(key: string): AsyncIterable<Uint8Array>;
  /** Keys that begin so. */
  list(prefix: string): AsyncIterable<string>;
  /** Returns the Object Lock setting of the bucket, in words. */
  lockText(): Promise<string>;
}

/** Maximum size sent from memory, so that the SDK can send it again; larger objects are read from the file for each try. Bytes. */
const heldAtMost = 8 * 1024 * 1024;
const mostTries = 4;
/** Milliseconds. A message of 150 MB takes a minute at 20 Mbit/s; silence of a minute is a dead connection. */
const timeouts = { connectionTimeout: 15_000, socketTimeout: 60_000 };

/** Opens a bucket without a request. */
export async function openBucket(place: BucketPlace): Promise<Bucket> {
  const s3 = await import("../../libraries/s3.ts").catch((thrown: unknown) => {
    throw new Failure("unsupported", "Evidence in a bucket needs the package @aws-sdk/client-s3, which is not installed.", {
      ...{ hint: "Install it beside mailcordon: npm install @aws-sdk/client-s3", cause: thrown },
    });
  });
  const { bucket, region, endpoint, prefix, pathStyle, keys, ca } = place;
  // Which releases of Node.js this release of the SDK works with is checked by the tests; its warning would stand in the output of an action.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const client = new s3.S3Client({
    ...{ region, forcePathStyle: pathStyle, maxAttempts: mostTries },
    // The settings alone say where evidence goes: a variable of the environment could name a server without TLS.
    ignoreConfiguredEndpointUrls: true,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(keys === undefined
      ? {}
      : {
          credentials: {
            ...{ accessKeyId: keys.id, secretAccessKey: keys.secret },
            ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
          },
        }),
    // The SHA-256 of each object is sent and asked for. Other servers refuse the SDK's own checksums.
    ...({ requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" } as const),
    requestHandler: { ...timeouts, ...(ca === undefined ? {} : { httpsAgent: new Agent({ ca, keepAlive: true }) }) },
  });
  const name = `s3://${bucket}/${prefix}`;
  const at = (key: string) => ({ Bucket: bucket, Key: `${prefix}${key}` });
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw bucketFailure(what, name, thrown);
    }
  };
  /** Undefined if there is no such object. */
  const head = (key: string) =>
    attempt("look for evidence", async () => {
      try {
        return await client.send(new s3.HeadObjectCommand({ ...at(key), ChecksumMode: "ENABLED" }));
      } catch (thrown) {
        const { name: code, status } = refusalOf(thrown);
        if (status === 404 && code !== "NoSuchBucket") return undefined;
        throw thrown;
      }
    });
  const read = async function* (key: string): AsyncGenerator<Uint8Array> {
    const reply = await attempt("read evidence", () => client.send(new s3.GetObjectCommand(at(key))));
    if (!(reply.Body instanceof Readable))
      throw new Failure("evidence-failed", `Could not read evidence in ${name}: the reply has no bytes.`);
    const pieces = reply.Body[Symbol.asyncIterator]();
    for (;;) {
      const { done = false, value } = await attempt("read evidence", () => pieces.next());
      if (done) return;
      yield value;
    }
  };
  /** Returns whether the server shows that it has the bytes: by its own SHA-256, or by returning them. False if there is no object. */
  const has = async (key: string, { size, sha256 }: Content): Promise<boolean> => {
    const found = await head(key);
    if (found === undefined) return false;
    const isWhole = found.ChecksumType !== "COMPOSITE";
    if (found.ContentLength === size) {
      if (found.ChecksumSHA256 !== undefined && isWhole) {
        if (found.ChecksumSHA256 === base64Of(sha256)) return true;
      } else if ((await hashOf(read(key))) === sha256) return true;
    }
    throw new Failure("evidence-failed", `The object ${prefix}${key} in ${name} does not have the bytes whose hash is its key.`, {
      hint: "Find out who wrote it. Set Object Lock on the bucket, so that nobody can change evidence.",
    });
  };
  const put = async (key: string, bytes: () => Buffer | Readable, content: Content, isConditional: boolean): Promise<void> => {
    const command = new s3.PutObjectCommand({
      ...{ ...at(key), Body: bytes(), ContentLength: content.size, ContentType: "application/octet-stream" },
      ChecksumSHA256: base64Of(content.sha256),
      // Nothing is overwritten: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
      ...(isConditional ? { IfNoneMatch: "*" } : {}),
    });
    // The signature covers the bytes of a stream as well, since their hash is known.
    command.middlewareStack.add(
      (next) => (args) => {
        const { request } = args;
        if (typeof request === "object" && request !== null && "headers" in request && typeof request.headers === "object")
          Object.assign(request.headers ?? {}, { "x-amz-content-sha256": content.sha256 });
        return next(args);
      },
      { step: "build", name: "contentSha256" },
    );
    await client.send(command);
  };
  /** Objects that this process is now keeping, by key. Equal bytes often come from many mailboxes at the same time. */
  const keeping = new Map<string, Promise<void>>();
  const keep = async (key: string, bytes: () => Buffer | Readable, content: Content): Promise<void> => {
    await keeping.get(key)?.catch(() => undefined);
    if (keeping.has(key)) return keep(key, bytes, content);
    const work = keepNow(key, bytes, content).finally(() => keeping.delete(key));
    keeping.set(key, work);
    return work;
  };
  const keepNow = async (key: string, bytes: () => Buffer | Readable, content: Content): Promise<void> => {
    if (await has(key, content)) return;
    await attempt("keep evidence", async () => {
      let isConditional = true;
      for (let tries = 1; ; tries += 1) {
        try {
          return await put(key, bytes, content, isConditional);
        } catch (thrown) {
          const { name: code, status } = refusalOf(thrown);
          // Another process kept the same bytes meanwhile.
          if (status === 412) return;
          if (isConditional && (status === 501 || code === "NotImplemented")) isConditional = false;
          else if (!isTransient(status) || tries >= mostTries) throw thrown;
          await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** tries));
        }
      }
    });
    if (await has(key, content)) return;
    throw new Failure("evidence-failed", `Could not keep evidence in ${name}: the server took the bytes, and does not show them.`);
  };
  return {
    name,
    async keepFile(key, path, content) {
      const held = content.size <= heldAtMost ? await readFile(path) : undefined;
      await keep(key, () => held ?? createReadStream(path), content);
    },
    keepBytes: (key, bytes) => keep(key, () => bytes, { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }),
    size: async (key) => (await head(key))?.ContentLength,
    read,
    async *list(begin) {
      for (let next: string | undefined; ; ) {
        const command = new s3.ListObjectsV2Command({
          ...{ Bucket: bucket, Prefix: `${prefix}${begin}` },
          ...(next === undefined ? {} : { ContinuationToken: next }),
        });
        const page = await attempt("list evidence", () => client.send(command));
        for (const { Key } of page.Contents ?? []) if (Key?.startsWith(prefix)) yield Key.slice(prefix.length);
        if (page.IsTruncated !== true || page.NextContinuationToken === undefined || page.NextContinuationToken === next) return;
        next = page.NextContinuationToken;
      }
    },
    async lockText() {
      try {
        const reply = await client.send(new s3.GetObjectLockConfigurationCommand({ Bucket: bucket }));
        const retention = reply.ObjectLockConfiguration?.Rule?.DefaultRetention;
        if (reply.ObjectLockConfiguration?.ObjectLockEnabled !== "Enabled") return "Object Lock is off";
        if (retention === undefined) return "Object Lock is on, without a default retention";
        const time = retention.Days === undefined ? `${retention.Years} years` : `${retention.Days} days`;
        return `Object Lock is on: ${retention.Mode?.toLowerCase() ?? "some"} mode, ${time}`;
      } catch (thrown) {
        const { name: code } = refusalOf(thrown);
        return code === "ObjectLockConfigurationNotFoundError" ? "Object Lock is off" : `whether Object Lock is on is not known (${code})`;
      }
    },
  };
}

/** A request that failed without an answer, or with one that says to come again. */
function isTransient(status: number | undefined): boolean {
  return status === undefined || status === 409 || status === 429 || (status >= 500 && status !== 501 && status !== 507);
}

function base64Of(hexadecimal: string): string {
  return Buffer.from(hexadecimal, "hex").toString("base64");
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of bytes) hash.update(piece);
  return hash.digest("hex");
}
