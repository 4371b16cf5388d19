import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { NtlmSignIn, ntlmChallenge } from "../../../src/lab/sign-in/ntlm.ts";
import {
  authenticateMessage,
  channelBindingHash,
  negotiateMessage,
  ntowfv2,
  ntProof,
  readChallenge,
  sessionBaseKey,
} from "../../../src/wire/sign-in/ntlm.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");
const names = { domain: "EXAMPLE", computer: "MAIL", dnsDomain: "example.com" };
const binding = hex("6586e99d81c2fc984e47172fd4dd0310");

// [MS-NLMP] section 4.2: user "User" of "Domain" with the password "Password".
const specChallenge = hex(`
  4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000 2400240044000000 060070170000000f
  530065007200760065007200 02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000`);
const specTemp = hex(`
  0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
  02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000`);

test("key, proof and session key are those of MS-NLMP 4.2.4", () => {
  const key = ntowfv2("User", "Domain", "Password");
  const proof = ntProof(key, hex("0123456789abcdef"), specTemp);
  expect(key.toString("hex")).toBe("0c868a403bfd7a93a3001ef22ef02e3f");
  expect(proof.toString("hex")).toBe("68cd0ab851e51c96aabc927bebef6a1c");
  expect(sessionBaseKey(key, proof).toString("hex")).toBe("8de40ccadbc14a82f15cb0ad0de95ca3");
});

test("the hash of a channel is the one that Microsoft published for its example certificate", () => {
  // As in FreeRDP's and Chromium's tests: the SHA-256 of the certificate, and what comes of it.
  const certificate = hex("ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95");
  expect(channelBindingHash(certificate)).toEqual(binding);
});

test("the response has the same bytes as Chromium's to the same challenge at the same time", () => {
  const moment = { clientChallenge: Buffer.alloc(8, 0xaa), time: hex("800bc8fd00d4d201").readBigUInt64LE() };
  const message = authenticateMessage(
    negotiateMessage(),
    readChallenge(specChallenge),
    { username: "Domain\\User", password: "Password" },
    { host: "Server", channelBinding: binding, workstation: "COMPUTER" },
    moment,
  );
  const lm = "00".repeat(24);
  const nt = `8c0260dbef690662af9c42d50782d2ed0101000000000000800bc8fd00d4d201aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00
    01000c00530065007200760065007200060004000200000 00a0010006586e99d81c2fc984e47172fd4dd0310
    0900160048005400540050002f005300650072007600650072000000000000000000`;
  const nameFields = "44006f006d00610069006e00550073006500720043004f004d0050005500540045005200";
  expect(message.subarray(88).toString("hex")).toBe(hex(lm + nt + nameFields).toString("hex"));
});

const signedIn = (username: string, find: string, password = "pa55wörd ☃") => {
  const negotiate = negotiateMessage();
  const challenge = ntlmChallenge(negotiate, names);
  const answer = authenticateMessage(
    negotiate,
    readChallenge(challenge),
    { username, password },
    { host: "mail.example.com", channelBinding: binding },
  );
  return new NtlmSignIn(negotiate, challenge).verify(
    answer,
    (user, domain) => (`${domain}|${user}` === find ? { password: "pa55wörd ☃" } : undefined),
    { extendedProtection: "Require", channelBinding: binding, host: "mail.example.com" },
  );
};

// NtlmSignIn refuses an answer in which anything that the server said of itself, its time too, is missing or different.
test.each([
  ["EXAMPLE\\anna", "EXAMPLE|anna"],
  ["anna@example.com", "|anna@example.com"],
  ["anna", "EXAMPLE|anna"],
  ["\\anna", "|anna"],
  ["EXAMPLE\\großmüller", "EXAMPLE|großmüller"],
])("%s signs in as %s, with a MIC, bound to server and channel", (username, find) => {
  expect(signedIn(username, find)).toMatchObject({ ok: true, mic: true });
});

test("a wrong password is refused", () => {
  expect(signedIn("EXAMPLE\\anna", "EXAMPLE|anna", "Pa55wörd ☃")).toMatchObject({ ok: false, reason: "wrong password" });
});

test("without TLS the response states that there is no channel, and is accepted if that is allowed", () => {
  const negotiate = negotiateMessage();
  const challenge = ntlmChallenge(negotiate, names);
  const credentials = { username: "EXAMPLE\\anna", password: "secret" };
  const answer = authenticateMessage(negotiate, readChallenge(challenge), credentials, { host: "mail.example.com" });
  const verify = (extendedProtection: "Allow" | "Require") =>
    new NtlmSignIn(negotiate, challenge).verify(answer, () => credentials, {
      extendedProtection,
      channelBinding: undefined,
      host: "mail.example.com",
    });
  expect([verify("Allow"), verify("Require")]).toMatchObject([{ ok: true }, { ok: false, reason: "no channel binding" }]);
});

test("the messages hold neither the password nor an LM or NTLMv1 response, and no two answers are alike", () => {
  const negotiate = negotiateMessage();
  const challenge = readChallenge(ntlmChallenge(negotiate, names));
  const make = () =>
    authenticateMessage(negotiate, challenge, { username: "EXAMPLE\\anna", password: "secret" }, { host: "mail.example.com" });
  const [one, two] = [make(), make()];
  expect(one.includes(Buffer.from("secret", "utf16le"))).toBe(false);
  expect(one.subarray(88, 112)).toEqual(Buffer.alloc(24));
  expect(one.readUInt16LE(20)).toBeGreaterThan(24);
  expect(one.equals(two)).toBe(false);
});

test.each([
  ["an empty name", { username: "", password: "secret" }],
  ["a domain without a name", { username: "EXAMPLE\\", password: "secret" }],
  ["an empty password", { username: "EXAMPLE\\anna", password: "" }],
])("%s would be anonymous and is not sent", (_, credentials) => {
  const make = () => authenticateMessage(negotiateMessage(), readChallenge(specChallenge), credentials, { host: "mail.example.com" });
  expect(make).toThrow(expect.objectContaining({ code: "invalid-settings" }));
});

const changed = (change: (message: Buffer) => Buffer | number): Buffer => {
  const copy = Buffer.from(specChallenge);
  const made = change(copy);
  return typeof made === "number" ? copy : made;
};

test.each([
  ["nothing", Buffer.alloc(0)],
  ["something else", Buffer.from("Kerberos, so to speak, and much longer than that is")],
  ["our own first message", negotiateMessage()],
  ["one that ends early", specChallenge.subarray(0, 90)],
  ["one whose information lies outside of it", changed((message) => message.writeUInt32LE(0xfffffff0, 44))],
  ["one without Unicode", changed((message) => message.writeUInt8(0x32, 20))],
  ["one without information about the server", changed((message) => message.writeUInt8(0x02, 22))],
  ["one whose information has no end", changed((message) => message.writeUInt16LE(0x20, 40))],
  ["one whose pair is longer than the rest", changed((message) => message.writeUInt16LE(0xff, 70))],
  ["one that says the same thing twice", changed((message) => message.writeUInt16LE(2, 84))],
])("%s is a broken reply", (_, bytes) => {
  expect(() => readChallenge(bytes)).toThrow(expect.objectContaining({ code: "broken-reply" }));
});

test("a time of the wrong length is a broken reply", () => {
  const challenge = readChallenge(changed((message) => message.writeUInt16LE(7, 84)));
  expect(() => authenticateMessage(negotiateMessage(), challenge, { username: "a", password: "b" }, { host: "h" })).toThrow(
    expect.objectContaining({ code: "broken-reply" }),
  );
});

test("whatever bytes a server sends, they are answered or refused as a broken reply", () => {
  const whole = ntlmChallenge(negotiateMessage(), names);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    // The real thing with some bytes changed, and perhaps cut off.
    fc
      .tuple(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), fc.integer({ min: 40, max: whole.length }))
      .map(([changes, length]) => {
        const copy = Buffer.from(whole);
        for (const [at, byte] of changes) copy[at] = byte;
        return copy.subarray(0, length);
      }),
  );
  const answered = (input: Uint8Array): string => {
    try {
      authenticateMessage(negotiateMessage(), readChallenge(Buffer.from(input)), { username: "anna", password: "secret" }, { host: "h" });
      return "answered";
    } catch (thrown) {
      return thrown instanceof Failure ? thrown.code : String(thrown);
    }
  };
  fc.assert(
    fc.property(bytes, (input) => {
      expect(["answered", "broken-reply"]).toContain(answered(input));
    }),
    { numRuns: 500 },
  );
});

test("information about the server that is too long to be answered is a broken reply", () => {
  const head = Buffer.from(specChallenge.subarray(0, 56));
  const value = Buffer.alloc(0xff00);
  head.writeUInt16LE(value.length + 8, 40);
  head.writeUInt32LE(56, 44);
  const pair = Buffer.alloc(4);
  pair.writeUInt16LE(3, 0);
  pair.writeUInt16LE(value.length, 2);
  const challenge = readChallenge(Buffer.concat([head, pair, value, Buffer.alloc(4)]));
  expect(() => authenticateMessage(negotiateMessage(), challenge, { username: "a", password: "b" }, { host: "h".repeat(300) })).toThrow(
    expect.objectContaining({ code: "broken-reply" }),
  );
});
