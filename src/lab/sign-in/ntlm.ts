import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { md4Digest } from "./md4.ts";

// The server's side of NTLMv2, written from [MS-NLMP] for the lab only:
// https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-nlmp/b38c36ed-2804-4868-a9ff-8dd3182128e4

/** Names of the lab in NTLM, as a domain member has them. */
export interface NtlmServerNames {
  readonly domain: string;
  readonly computer: string;
  readonly dnsDomain: string;
}

/** How strictly the lab checks an answer. */
export interface NtlmPolicy {
  /** As `-ExtendedProtectionTokenChecking` of Exchange: None, Allow (a binding must be correct if present), Require. */
  readonly extendedProtection: "None" | "Allow" | "Require";
  /** The value of `tls-server-end-point` for this connection; undefined without TLS. */
  readonly channelBinding: Buffer | undefined;
  /** Name in the URL, without port, which the target name must match. */
  readonly host: string | undefined;
}

/** The account as the domain stores it. */
export interface NtlmAccount {
  readonly password: string;
}

/** Why an answer is refused. */
export type NtlmRefusal =
  | "malformed"
  | "anonymous"
  | "not NTLMv2"
  | "unknown user"
  | "wrong password"
  | "other server"
  | "wrong MIC"
  | "wrong target name"
  | "wrong channel binding"
  | "no channel binding";

export type NtlmVerdict<Account> =
  | { readonly ok: true; readonly account: Account; readonly user: string; readonly domain: string; readonly mic: boolean }
  | { readonly ok: false; readonly reason: NtlmRefusal; readonly user?: string };

const NEGOTIATE_UNICODE = 0x1;
const REQUEST_TARGET = 0x4;
const NEGOTIATE_ALWAYS_SIGN = 0x8000;
const TARGET_TYPE_DOMAIN = 0x10000;
const EXTENDED_SESSIONSECURITY = 0x80000;
const NEGOTIATE_TARGET_INFO = 0x800000;
const NEGOTIATE_VERSION = 0x2000000;
const NEGOTIATE_KEY_EXCH = 0x40000000;
/** The client's options that a current server accepts: NTLM, signing, sealing and strong keys. */
const ECHOED = 0x200 | 0x10 | 0x20 | NEGOTIATE_ALWAYS_SIGN | EXTENDED_SESSIONSECURITY | 0x20000000 | 0x80000000 | NEGOTIATE_KEY_EXCH;

const typeOf = (message: Buffer): number =>
  message.length >= 12 && message.toString("latin1", 0, 8) === "NTLMSSP\0" ? message.readUInt32LE(8) : 0;

/** Returns whether this is the first or the last message of a sign-in; undefined for any other. */
export function ntlmMessage(message: Buffer): "negotiate" | "authenticate" | undefined {
  const type = typeOf(message);
  return type === 1 && message.length >= 16 ? "negotiate" : type === 3 ? "authenticate" : undefined;
}

/** One sign-in: the server's data between its challenge and the client's answer. */
export class NtlmSignIn {
  readonly #negotiate: Buffer;
  readonly #challenge: Buffer;

  constructor(negotiate: Buffer, challenge: Buffer) {
    this.#negotiate = negotiate;
    this.#challenge = challenge;
  }

  /** `find` returns the account with this name; the domain may be empty. */
  verify<Account extends NtlmAccount>(
    message: Buffer,
    find: (user: string, domain: string) => Account | undefined,
    policy: NtlmPolicy,
  ): NtlmVerdict<Account> {
    const answer = readAnswer(message);
    if (answer === undefined) return { ok: false, reason: "malformed" };
    const { user, domain, nt } = answer;
    if (user === "" && nt.length === 0) return { ok: false, reason: "anonymous" };
    // 24 bytes are NTLMv1. NTLMv2 has the proof, 28 bytes, and at least the end of a list.
    if (nt.length < 16 + 28 + 4 || nt.readUInt16LE(16) !== 0x0101) return { ok: false, reason: "not NTLMv2", user };
    const account = find(user, domain);
    if (account === undefined) return { ok: false, reason: "unknown user", user };
    const temp = nt.subarray(16);
    const key = mac(md4Digest(Buffer.from(account.password, "utf16le")), Buffer.from(upper(user) + domain, "utf16le"));
    const proof = mac(key, Buffer.concat([this.#challenge.subarray(24, 32), temp]));
    if (!timingSafeEqual(proof, nt.subarray(0, 16))) return { ok: false, reason: "wrong password", user };
    const pairs = readPairs(temp.subarray(28));
    if (pairs === undefined) return { ok: false, reason: "malformed", user };
    const reason = this.#sameServer(pairs) ?? this.#mic(message, answer, pairs, mac(key, proof)) ?? bound(pairs, policy);
    if (reason !== undefined) return { ok: false, reason, user };
    return { ok: true, account, user, domain, mic: saysMic(pairs) };
  }

  /** Compares the server information in the proof: an answer with other information was made for another server. */
  #sameServer(pairs: ReadonlyMap<number, Buffer>): NtlmRefusal | undefined {
    const offset = this.#challenge.readUInt32LE(44);
    const said = readPairs(this.#challenge.subarray(offset, offset + this.#challenge.readUInt16LE(40))) ?? new Map<number, Buffer>();
    for (const [id, value] of said) if (id !== 6 && pairs.get(id)?.equals(value) !== true) return "other server";
    return undefined;
  }

  #mic(message: Buffer, answer: Answer, pairs: ReadonlyMap<number, Buffer>, baseKey: Buffer): NtlmRefusal | undefined {
    if (!saysMic(pairs)) return undefined;
    if (message.length < 88) return "malformed";
    const zeroed = Buffer.from(message);
    zeroed.fill(0, 72, 88);
    const key = (answer.flags & NEGOTIATE_KEY_EXCH) !== 0 && answer.sessionKey.length === 16 ? rc4(baseKey, answer.sessionKey) : baseKey;
    const expected = mac(key, Buffer.concat([this.#negotiate, this.#challenge, zeroed]));
    return timingSafeEqual(expected, message.subarray(72, 88)) ? undefined : "wrong MIC";
  }
}

function bound(pairs: ReadonlyMap<number, Buffer>, policy: NtlmPolicy): NtlmRefusal | undefined {
  if (policy.extendedProtection === "None") return undefined;
  const target = pairs.get(9)?.toString("utf16le") ?? "";
  if (target !== "" && policy.host !== undefined && target.toLowerCase() !== `http/${policy.host}`.toLowerCase())
    return "wrong target name";
  const given = pairs.get(10);
  if (given === undefined || given.every((byte) => byte === 0)) {
    return policy.extendedProtection === "Require" ? "no channel binding" : undefined;
  }
  // A given binding must be correct. If a proxy before the lab ends TLS, no binding can be correct.
  return policy.channelBinding?.equals(given) === true ? undefined : "wrong channel binding";
}

const saysMic = (pairs: ReadonlyMap<number, Buffer>): boolean => ((pairs.get(6)?.[0] ?? 0) & 2) !== 0;

/** Returns the server's answer to a client's first message. */
export function ntlmChallenge(negotiate: Buffer, names: NtlmServerNames): Buffer {
  const target = Buffer.from(names.domain, "utf16le");
  const time = Buffer.alloc(8);
  // 100 ns since 1601-01-01, which is 11,644,473,600 s before 1970.
  time.writeBigUInt64LE((BigInt(Date.now()) + 11644473600000n) * 10000n);
  const pairs: [number, Buffer][] = [
    [2, target],
    [1, Buffer.from(names.computer, "utf16le")],
    [4, Buffer.from(names.dnsDomain, "utf16le")],
    [3, Buffer.from(`${names.computer.toLowerCase()}.${names.dnsDomain}`, "utf16le")],
    [5, Buffer.from(names.dnsDomain, "utf16le")],
    [7, time],
    [0, Buffer.alloc(0)],
  ];
  const info = Buffer.concat(
    pairs.map(([id, value]) => Buffer.concat([Buffer.from([id, 0, value.length & 0xff, value.length >> 8]), value])),
  );
  const head = Buffer.alloc(56);
  head.write("NTLMSSP\0", 0, "latin1");
  head.writeUInt32LE(2, 8);
  head.writeUInt16LE(target.length, 12);
  head.writeUInt16LE(target.length, 14);
  head.writeUInt32LE(56, 16);
  const flags =
    (negotiate.readUInt32LE(12) & ECHOED) |
    NEGOTIATE_UNICODE |
    REQUEST_TARGET |
    TARGET_TYPE_DOMAIN |
    NEGOTIATE_TARGET_INFO |
    NEGOTIATE_VERSION;
  head.writeUInt32LE(flags >>> 0, 20);
  randomBytes(8).copy(head, 24);
  head.writeUInt16LE(info.length, 40);
  head.writeUInt16LE(info.length, 42);
  head.writeUInt32LE(56 + target.length, 44);
  // Windows Server 2022, revision 15 of NTLM.
  head.set([10, 0, 0x7c, 0x4f, 0, 0, 0, 15], 48);
  return Buffer.concat([head, target, info]);
}

interface Answer {
  readonly flags: number;
  readonly user: string;
  readonly domain: string;
  readonly nt: Buffer;
  readonly sessionKey: Buffer;
}

function readAnswer(message: Buffer): Answer | undefined {
  if (typeOf(message) !== 3 || message.length < 64) return undefined;
  const flags = message.readUInt32LE(60);
  const field = (at: number): Buffer | undefined => {
    const start = message.readUInt32LE(at + 4);
    const end = start + message.readUInt16LE(at);
    return end <= message.length ? message.subarray(start, end) : undefined;
  };
  const [nt, domain, user, sessionKey] = [field(20), field(28), field(36), field(52)];
  if (nt === undefined || domain === undefined || user === undefined || sessionKey === undefined) return undefined;
  const encoding = (flags & NEGOTIATE_UNICODE) !== 0 ? "utf16le" : "latin1";
  return { flags, nt, sessionKey, user: user.toString(encoding), domain: domain.toString(encoding) };
}

function readPairs(bytes: Buffer): Map<number, Buffer> | undefined {
  const pairs = new Map<number, Buffer>();
  let at = 0;
  while (at + 4 <= bytes.length) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (id === 0) return pairs;
    if (at + 4 + length > bytes.length) return undefined;
    pairs.set(id, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}

const mac = (key: Buffer, data: Buffer): Buffer => createHmac("md5", key).update(data).digest();

/** Windows converts each UTF-16 unit to a single unit, so ß stays ß. */
const upper = (name: string): string =>
  Array.from({ length: name.length }, (_, index) => {
    const unit = name.charAt(index);
    return unit.toUpperCase().length === 1 ? unit.toUpperCase() : unit;
  }).join("");

/** RFC 6229 has its test vectors; OpenSSL 3 no longer has the cipher. */
export function rc4(key: Buffer, data: Buffer): Buffer {
  const s = Uint8Array.from({ length: 256 }, (_, index) => index);
  const swap = (i: number, j: number): void => {
    const kept = s[i] ?? 0;
    s[i] = s[j] ?? 0;
    s[j] = kept;
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (s[i] ?? 0) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let [i, j] = [0, 0];
  return Buffer.from(
    data.map((byte) => {
      i = (i + 1) & 255;
      j = (j + (s[i] ?? 0)) & 255;
      swap(i, j);
      return byte ^ (s[((s[i] ?? 0) + (s[j] ?? 0)) & 255] ?? 0);
    }),
  );
}

/** MD5 of the gss_channel_bindings for `tls-server-end-point` of a certificate in DER (RFC 5929 section 4.1, RFC 2744 section 3.11). */
export function channelBindingOf(certificate: Buffer): Buffer | undefined {
  const algorithm = signatureHash(certificate);
  if (algorithm === undefined) return undefined;
  const said = Buffer.concat([Buffer.from("tls-server-end-point:"), createHash(algorithm).update(certificate).digest()]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(said.length, 16);
  return createHash("md5")
    .update(Buffer.concat([head, said]))
    .digest();
}

/** Returns the hash algorithm of the certificate's signature. Reads only the field after the certificate's first part. */
function signatureHash(certificate: Buffer): string | undefined {
  const inner = bodyAt(certificate, 0);
  const signed = bodyAt(certificate, inner.start);
  const algorithm = bodyAt(certificate, signed.end);
  const oid = bodyAt(certificate, algorithm.start);
  switch (certificate.toString("hex", oid.start, oid.end)) {
    case "2a864886f70d01010c": // RSA with SHA-384
    case "2a8648ce3d040303": // ECDSA with SHA-384
      return "sha384";
    case "2a864886f70d01010d":
    case "2a8648ce3d040304":
      return "sha512";
    case "2b6570": // Ed25519 and Ed448 have no hash function of their own.
    case "2b6571":
      return undefined;
    default:
      return "sha256";
  }
}

function bodyAt(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der[at + 1] ?? 0;
  const more = first < 128 ? 0 : first - 128;
  const length = more === 0 ? first : der.readUIntBE(at + 2, more);
  const start = at + 2 + more;
  return { start, end: start + length };
}
