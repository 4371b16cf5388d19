import { createHash, createHmac, randomBytes } from "node:crypto";
import { Failure } from "../../failure.ts";
import { md4 } from "./md4.ts";

// NTLMv2 by [MS-NLMP]: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-nlmp/b38c36ed-2804-4868-a9ff-8dd3182128e4 Older versions
// are not supported: no LM, no NTLMv1, never anonymous.

/** The account that signs in. */
export interface NtlmCredentials {
  /** `DOMAIN\user`, `user@domain`, or `user` alone, which belongs to the server's own domain. */
  readonly username: string;
  readonly password: string;
}

/** The server that the sign-in is for, so it cannot be used elsewhere. */
export interface NtlmTarget {
  /** Host name in the URL, without port. */
  readonly host: string;
  /** MD5 of the TLS channel (`channelBindingHash`), 16 bytes; undefined without TLS. */
  readonly channelBinding?: Uint8Array | undefined;
  /** Name of this machine for the server's log. */
  readonly workstation?: string | undefined;
}

/** The random and time-dependent parts of a reply; set only by tests with known results. */
export interface NtlmMoment {
  /** 8 bytes. */
  readonly clientChallenge: Uint8Array;
  /** 100 ns since 1601. */
  readonly time: bigint;
}

const signature = Buffer.from("NTLMSSP\0", "latin1");

/** Section 2.2.2.5. Neither KEY_EXCH nor SIGN nor SEAL: HTTP messages are not signed with the session key, so the key is not exchanged. */
const flag = {
  unicode: 0x00000001,
  requestTarget: 0x00000004,
  ntlm: 0x00000200,
  alwaysSign: 0x00008000,
  extendedSessionSecurity: 0x00080000,
  targetInfo: 0x00800000,
  key128: 0x20000000,
  key56: 0x80000000,
} as const;
const wanted =
  (flag.unicode |
    flag.requestTarget |
    flag.ntlm |
    flag.alwaysSign |
    flag.extendedSessionSecurity |
    flag.targetInfo |
    flag.key128 |
    flag.key56) >>>
  0;

/** Section 2.2.2.1: the ids of the target information. */
const av = { end: 0, domainName: 2, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const;
/** In the flags: the message has a MIC. */
const micProvided = 0x2;

interface AvPair {
  readonly id: number;
  readonly value: Buffer;
}

export interface NtlmChallenge {
  readonly flags: number;
  /** 8 bytes. */
  readonly serverChallenge: Buffer;
  readonly pairs: readonly AvPair[];
  /** The message as received: the MIC covers it. */
  readonly bytes: Buffer;
}

/** Returns the NEGOTIATE_MESSAGE (section 2.2.1.1), without names. */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40);
  message.set(signature);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(wanted, 12);
  message.writeUInt32LE(message.length, 20); // DomainName: empty, at the end.
  message.writeUInt32LE(message.length, 28); // Workstation likewise.
  return message;
}

/**
 * Reads the CHALLENGE_MESSAGE (section 2.2.1.2).
 * @throws Failure `broken-reply` if it is invalid, or demands something older than NTLMv2 in Unicode
 */
export function readChallenge(bytes: Buffer): NtlmChallenge {
  if (bytes.length < 48 || !bytes.subarray(0, 8).equals(signature) || bytes.readUInt32LE(8) !== 2) throw brokenChallenge("is none");
  const flags = bytes.readUInt32LE(20);
  if ((flags & flag.unicode) === 0) throw brokenChallenge("is not in Unicode");
  if ((flags & flag.targetInfo) === 0) throw brokenChallenge("does not describe the server, so NTLMv2 is not possible");
  const length = bytes.readUInt16LE(40);
  const offset = bytes.readUInt32LE(44);
  if (offset + length > bytes.length) throw brokenChallenge("ends too early");
  return {
    flags,
    serverChallenge: bytes.subarray(24, 32),
    pairs: readPairs(bytes.subarray(offset, offset + length)),
    bytes,
  };
}

function readPairs(bytes: Buffer): AvPair[] {
  const pairs: AvPair[] = [];
  for (let at = 0; ; ) {
    if (at + 4 > bytes.length) throw brokenChallenge("describes the server without an end");
    const id = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    at += 4;
    if (id === av.end) return pairs;
    if (at + length > bytes.length) throw brokenChallenge("ends too early");
    if (pairs.some((pair) => pair.id === id)) throw brokenChallenge("says the same thing twice");
    pairs.push({ id, value: bytes.subarray(at, at + length) });
    at += length;
  }
}

function brokenChallenge(what: string): Failure {
  return new Failure("broken-reply", `The server's NTLM challenge ${what}.`);
}

/**
 * Returns the AUTHENTICATE_MESSAGE (section 2.2.1.3) with an NTLMv2 response, a MIC over the three messages, the service name and the TLS channel.
 * The LMv2 response is always empty: the server checks it only if the NTLMv2 response is wrong.
 * @throws Failure `invalid-settings` for an empty user name or password (it would sign in anonymously), `broken-reply` for a challenge that makes
 * the reply too long
 */
export function authenticateMessage(
  negotiate: Buffer,
  challenge: NtlmChallenge,
  credentials: NtlmCredentials,
  target: NtlmTarget,
  moment?: NtlmMoment,
): Buffer {
  const { domain, user } = splitName(credentials.username, challenge);
  if (user === "" || credentials.password === "") throw new Failure("invalid-settings", "NTLM needs a user name and a password.");
  const key = ntowfv2(user, domain, credentials.password);
  const temp = clientChallenge(challenge, target, moment);
  const proof = ntProof(key, challenge.serverChallenge, temp);

  const header = 88;
  const fields = [
    { at: 12, value: Buffer.alloc(24) }, // LmChallengeResponse
    { at: 20, value: Buffer.concat([proof, temp]) }, // NtChallengeResponse
    { at: 28, value: utf16(domain) },
    { at: 36, value: utf16(user) },
    { at: 44, value: utf16(target.workstation ?? "") },
    { at: 52, value: Buffer.alloc(0) }, // EncryptedRandomSessionKey
  ];
  const message = Buffer.alloc(header + fields.reduce((sum, { value }) => sum + value.length, 0));
  message.set(signature);
  message.writeUInt32LE(3, 8);
  let offset = header;
  for (const { at, value } of fields) {
    // Lengths have 16 bits; only the server's own target information can exceed them.
    if (value.length > 0xffff) throw brokenChallenge("is too long to be answered");
    message.writeUInt16LE(value.length, at);
    message.writeUInt16LE(value.length, at + 2);
    message.writeUInt32LE(offset, at + 4);
    message.set(value, offset);
    offset += value.length;
  }
  message.writeUInt32LE((challenge.flags & wanted) >>> 0, 60);
  // Section 3.1.5.1.2: keyed with the exported session key, which without KEY_EXCH is the session base key; its own field is zero meanwhile.
  message.set(hmacMd5(sessionBaseKey(key, proof), negotiate, challenge.bytes, message), 72);
  return message;
}

/** NTOWFv2 of section 3.3.2: the key derived from the password. */
export function ntowfv2(user: string, domain: string, password: string): Buffer {
  return hmacMd5(md4(utf16(password)), utf16(upperCase(user) + domain));
}

/** NTProofStr of section 3.3.2. */
export function ntProof(key: Uint8Array, serverChallenge: Uint8Array, temp: Uint8Array): Buffer {
  return hmacMd5(key, serverChallenge, temp);
}

/** SessionBaseKey of section 3.3.2. */
export function sessionBaseKey(key: Uint8Array, proof: Uint8Array): Buffer {
  return hmacMd5(key, proof);
}

/**
 * NTLMv2_CLIENT_CHALLENGE (section 2.2.2.7), `temp` in section 3.3.2: the server's target information, and the server and channel that the response
 * is bound to.
 */
function clientChallenge(challenge: NtlmChallenge, target: NtlmTarget, moment: NtlmMoment | undefined): Buffer {
  const timestamp = challenge.pairs.find(({ id }) => id === av.timestamp)?.value;
  if (timestamp !== undefined && timestamp.length !== 8) throw brokenChallenge("has no time where it says one");
  const flagsPair = challenge.pairs.find(({ id }) => id === av.flags)?.value;
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(((flagsPair?.length === 4 ? flagsPair.readUInt32LE(0) : 0) | micProvided) >>> 0);
  const ours: readonly AvPair[] = [
    { id: av.flags, value: flags },
    // Section 3.1.5.1.2: sixteen zeros mean that there is no channel.
    { id: av.channelBindings, value: Buffer.from(target.channelBinding ?? new Uint8Array(16)) },
    { id: av.targetName, value: utf16(`HTTP/${target.host}`) },
  ];
  const kept = challenge.pairs.filter(({ id }) => !ours.some((pair) => pair.id === id));
  return Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]), // RespType and HiRespType: the only one there is.
    timestamp ?? fileTime(moment?.time),
    moment?.clientChallenge ?? randomBytes(8),
    Buffer.alloc(4),
    ...[...kept, ...ours, { id: av.end, value: Buffer.alloc(0) }].map(writePair),
    Buffer.alloc(4),
  ]);
}

function writePair({ id, value }: AvPair): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value]);
}

function fileTime(time: bigint | undefined): Buffer {
  const bytes = Buffer.alloc(8);
  // 1601-01-01 is 11,644,473,600 s before 1970-01-01; a millisecond has 10,000 steps of 100 ns.
  bytes.writeBigUInt64LE(time ?? (BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n);
  return bytes;
}

function splitName(username: string, challenge: NtlmChallenge): { readonly domain: string; readonly user: string } {
  const backslash = username.indexOf("\\");
  if (backslash >= 0) return { domain: username.slice(0, backslash), user: username.slice(backslash + 1) };
  // A user principal name is the whole name; the domain is empty.
  if (username.includes("@")) return { domain: "", user: username };
  const domain = challenge.pairs.find(({ id }) => id === av.domainName)?.value;
  return { domain: domain === undefined ? "" : domain.toString("utf16le"), user: username };
}

/** Converts as Windows does: each UTF-16 unit becomes one unit or stays, so ß stays ß. */
function upperCase(text: string): string {
  const units = text.split("").map((unit) => ({ unit, upper: unit.toUpperCase() }));
  return units.map(({ unit, upper }) => (upper.length === 1 ? upper : unit)).join("");
}

function utf16(text: string): Buffer {
  return Buffer.from(text, "utf16le");
}

function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac("md5", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/**
 * Returns the binding to a TLS channel: MD5 over the gss_channel_bindings (RFC 2744 section 3.11, no addresses) of `tls-server-end-point:` and the
 * certificate's hash (RFC 5929 section 4). 16 bytes.
 */
export function channelBindingHash(certificateHash: Uint8Array): Buffer {
  const data = Buffer.concat([Buffer.from("tls-server-end-point:", "latin1"), certificateHash]);
  const bindings = Buffer.alloc(20);
  bindings.writeUInt32LE(data.length, 16);
  return createHash("md5").update(bindings).update(data).digest();
}
