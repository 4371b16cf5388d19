import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BucketPlace, openBucket } from "../../../src/perform/evidence/s3-bucket.ts";
import { openS3Evidence, openS3Index } from "../../../src/perform/evidence/s3-evidence.ts";
import { openSmallDisk } from "../../full-disk.ts";
import { hasOpenssl } from "../../openssl.ts";
import { bucketName, openS3rver, openScriptedS3, refuse, type Script, s3rverKeys } from "../../s3-servers.ts";

let folder: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-s3-"));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true });
});

async function* bytesOf(...chunks: (string | Buffer)[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}
async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}
const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");
const place = (endpoint: string, more: Partial<BucketPlace> = {}): BucketPlace => ({
  ...{ bucket: bucketName, region: "us-east-1", endpoint, prefix: "cases/", pathStyle: true, ca: undefined },
  ...{ keys: { ...s3rverKeys, sessionToken: undefined }, ...more },
});
const storeAt = (where: BucketPlace) => {
  const bucket = openBucket(where);
  const open = () => bucket;
  return { store: openS3Evidence(open, folder), index: openS3Index(open) };
};
const about = (mailbox: string) => ({ name: "../hostile\u202e name.eml", source: { mailbox, connection: "farm" } });

describe("evidence in a bucket of an independent S3 server", () => {
  const opened = async (options: { tls?: boolean } = {}) => {
    const server = await openS3rver(options);
    closing.push(() => server.close());
    return server;
  };

  test("is there once under its SHA-256, says where it came from, and comes back as it was", async () => {
    const server = await opened();
    const { store, index } = storeAt(place(server.endpoint));
    const kept = await store.keep(bytesOf("ab", "c"), about("ann@example.com"));
    await store.keep(bytesOf("abc"), about("bob@example.com"));
    await store.keep(bytesOf("abc"), about("bob@example.com"));
    expect(kept).toMatchObject({ sha256: sha256("abc"), size: 3, file_ref: `s3://${bucketName}/cases/evidence/${sha256("abc")}` });
    const keys = server.keys();
    expect(keys.filter((key) => key.startsWith("cases/evidence/"))).toEqual([`cases/evidence/${sha256("abc")}`]);
    expect(keys).toHaveLength(3);
    for (const key of keys) expect(key).toMatch(/^cases\/(evidence\/[0-9a-f]{64}|index\/[0-9a-f]{64}\/[0-9a-f]{64}\.json)$/);
    const copies = await index.find(sha256("abc").toUpperCase());
    expect(copies.map(({ mailbox, connection, size }) => [mailbox, connection, size]).sort()).toEqual([
      ["ann@example.com", "farm", 3],
      ["bob@example.com", "farm", 3],
    ]);
    for (const { name, open } of copies) {
      expect(name).not.toMatch(/[/\u202e]/);
      expect(String(await read(open()))).toBe("abc");
    }
    expect(await index.find(sha256("never kept"))).toEqual([]);
    const all = await index.findAll(new Set([sha256("abc"), sha256("never kept")]));
    expect([...all.keys()]).toEqual([sha256("abc")]);
    expect(readdirSync(join(folder, "files"))).toEqual([]);
  });

  test("streams where it is large, with a signature that covers its bytes", async () => {
    const server = await opened();
    const { store, index } = storeAt(place(server.endpoint));
    const large = Buffer.alloc(20 * 1024 * 1024, "mailcordon ");
    const { sha256: hash, size } = await store.keep(bytesOf(large), about("ann@example.com"));
    expect([hash, size]).toEqual([sha256(large), large.length]);
    const [copy] = await index.find(hash);
    expect(sha256(await read(copy?.open() ?? bytesOf()))).toBe(hash);
  });

  test.skipIf(!hasOpenssl)("goes over TLS only to a server whose authority is named", async () => {
    const server = await opened({ tls: true });
    const { store } = storeAt(place(server.endpoint, { ca: server.ca }));
    await store.keep(bytesOf("abc"), about("ann@example.com"));
    const refused = storeAt(place(server.endpoint)).store.keep(bytesOf("abc"), about("ann@example.com"));
    await expect(refused).rejects.toMatchObject({ code: "evidence-failed", hint: expect.stringContaining("evidence_s3.ca_file") });
  });

  test.each([
    ["an access key that is not known", { keys: { id: "NOBODY", secret: "x", sessionToken: undefined } }, /not known|access is denied/],
    ["a bucket that is not there", { bucket: "not-there" }, /there is no such bucket/],
  ])("is not kept with %s, and the failure says so without a secret", async (_, more, said) => {
    const server = await opened();
    const { store } = storeAt(place(server.endpoint, more));
    const kept = store.keep(bytesOf("abc"), about("ann@example.com"));
    await expect(kept).rejects.toMatchObject({ code: "evidence-failed", message: expect.stringMatching(said) });
    expect(server.keys()).toEqual([]);
    expect(readdirSync(join(folder, "files"))).toEqual([]);
  });

  test("is not taken as kept if the object under its hash has other bytes", async () => {
    const server = await opened();
    const { store, index } = storeAt(place(server.endpoint));
    await store.keep(bytesOf("abc"), about("ann@example.com"));
    const object = join(server.folder, `cases/evidence/${sha256("abc")}._S3rver_object`);
    expect(readFileSync(object, "utf8")).toBe("abc");
    writeFileSync(object, "xyz");
    await expect(store.keep(bytesOf("abc"), about("bob@example.com"))).rejects.toMatchObject({
      code: "evidence-failed",
      message: expect.stringContaining("does not have the bytes whose hash is its key"),
    });
    expect((await index.find(sha256("abc"))).map(({ mailbox }) => mailbox)).toEqual(["ann@example.com"]);
  });

  test("is not kept where there is no server, or no room for the temporary file", async ({ skip }) => {
    const server = await openS3rver();
    const { store } = storeAt(place(server.endpoint));
    await server.close();
    await expect(store.keep(bytesOf("abc"), about("ann@example.com"))).rejects.toMatchObject({
      ...{ code: "evidence-failed", message: expect.stringContaining("could not be reached (ECONNREFUSED)") },
    });
    const disk = openSmallDisk(64);
    if ("reason" in disk) return skip(disk.reason);
    try {
      const full = openS3Evidence(() => openBucket(place(server.endpoint)), disk.path);
      await expect(full.keep(bytesOf("b".repeat(100_000)), about("ann@example.com"))).rejects.toMatchObject({
        message: expect.stringContaining("the disk is full (ENOSPC)"),
      });
    } finally {
      disk.remove();
    }
  });
});

describe("evidence in a bucket of a server with checksums", () => {
  const opened = async (script?: Script) => {
    const server = await openScriptedS3(script);
    closing.push(() => server.close());
    const keys = { id: "AKIATEST", secret: "very-secret", sessionToken: undefined };
    return { server, ...storeAt(place(server.endpoint, { keys })) };
  };
  const methods = (requests: readonly { readonly method: string; readonly key: string }[]) =>
    requests.flatMap(({ method, key }) => (key.startsWith("cases/evidence/") ? [method] : []));

  test("is sent with its SHA-256, never overwrites, and is shown by the server's own hash", async () => {
    const { server, store } = await opened();
    await store.keep(bytesOf("abc"), about("ann@example.com"));
    expect(methods(server.requests)).toEqual(["HEAD", "PUT", "HEAD"]);
    const put = server.requests.find(({ method }) => method === "PUT");
    expect(put?.headers).toMatchObject({ "if-none-match": "*", "x-amz-content-sha256": sha256("abc") });
    server.requests.length = 0;
    await store.keep(bytesOf("abc"), about("bob@example.com"));
    expect(methods(server.requests)).toEqual(["HEAD"]);
  });

  test("that another process keeps at the same time is kept once", async () => {
    const { server, store } = await opened((request, reply, objects) => {
      if (request.method !== "PUT" || objects.has(request.key)) return false;
      objects.set(request.key, Buffer.from(request.key.startsWith("cases/evidence/") ? "abc" : ""));
      if (!request.key.startsWith("cases/evidence/")) return objects.delete(request.key) && false;
      refuse(reply, 412, "PreconditionFailed");
      return true;
    });
    expect(await store.keep(bytesOf("abc"), about("ann@example.com"))).toMatchObject({ size: 3 });
    expect(methods(server.requests)).toEqual(["HEAD", "PUT", "HEAD"]);
  });

  test("that comes from two mailboxes at the same time is sent once", async () => {
    const { server, store } = await opened();
    await Promise.all([store.keep(bytesOf("abc"), about("ann@example.com")), store.keep(bytesOf("abc"), about("bob@example.com"))]);
    expect(methods(server.requests).filter((method) => method === "PUT")).toHaveLength(1);
    expect([...server.objects.keys()]).toHaveLength(3);
  });

  test("is sent again after a temporary failure, and without the condition to a server that does not know it", async () => {
    let failures = 0;
    const { server, store } = await opened((request, reply) => {
      if (request.method !== "PUT") return false;
      if (request.headers["if-none-match"] !== undefined) refuse(reply, 501, "NotImplemented");
      else if (failures++ === 0) refuse(reply, 503, "SlowDown");
      else return false;
      return true;
    });
    await store.keep(bytesOf("abc"), about("ann@example.com"));
    expect(server.objects.get(`cases/evidence/${sha256("abc")}`)?.toString()).toBe("abc");
  });

  /** Refuses requests of one method. */
  const refusing =
    (refused: string, status: number, code: string): Script =>
    ({ method }, reply) => {
      if (method === refused) refuse(reply, status, code, method === "HEAD");
      return method === refused;
    };
  const taking =
    (keep: (key: string, objects: Map<string, Buffer>) => void): Script =>
    ({ method, key }, reply, objects) => {
      if (method !== "PUT") return false;
      keep(key, objects);
      reply.writeHead(200).end();
      return true;
    };
  test.each([
    ["loses it", taking(() => undefined), /does not show them/],
    ["keeps half of it", taking((key, objects) => objects.set(key, Buffer.from("a"))), /does not have the bytes/],
    ["keeps other bytes of its size", taking((key, objects) => objects.set(key, Buffer.from("xyz"))), /does not have the bytes/],
    ["is full", refusing("PUT", 507, "XMinioStorageFull"), /it has no room/],
    ["denies it", refusing("PUT", 403, "AccessDenied"), /access is denied/],
    ["finds its signature wrong", refusing("PUT", 403, "SignatureDoesNotMatch"), /the secret key is wrong/],
    ["is in another region", refusing("PUT", 301, "PermanentRedirect"), /the bucket is in another region/],
    ["denies the look", refusing("HEAD", 403, "AccessDenied"), /access is denied/],
  ] satisfies [string, Script, RegExp][])("is not taken as kept by a server that %s", async (_, script, said) => {
    const { store } = await opened(script);
    await expect(store.keep(bytesOf("abc"), about("ann@example.com"))).rejects.toMatchObject({
      ...{ code: "evidence-failed", message: expect.stringMatching(said), hint: expect.stringMatching(/./) },
    });
    const failure: unknown = await store.keep(bytesOf("abc"), about("ann@example.com")).catch((thrown: unknown) => thrown);
    expect(inspect(failure, { depth: 20 })).not.toContain("very-secret");
    expect(readdirSync(join(folder, "files"))).toEqual([]);
  });

  test("that a message denies at its second reading is not sent", async () => {
    const { server, store } = await opened();
    const confirm = () => Promise.reject(new Error("it is not whole"));
    await expect(store.keep(bytesOf("abc"), { ...about("ann@example.com"), confirm })).rejects.toThrow("it is not whole");
    expect(server.requests).toEqual([]);
  });
});
