import { expect, test } from "vitest";
import { channelBindingOf, type NtlmPolicy, NtlmSignIn, ntlmChallenge, ntlmMessage, rc4 } from "../../../src/lab/sign-in/ntlm.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex");
const anything = { extendedProtection: "None", channelBinding: undefined, host: undefined } as const;
const user = { password: "Password" };

// [MS-NLMP] section 4.2.4.3: the server's challenge and the client's answer. There is no first message in it and no MIC.
const specChallenge = hex(`
  4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000 2400240044000000 060070170000000f
  530065007200760065007200 02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000`);
const specAnswer = hex(`
  4e544c4d53535000 03000000 180018006c000000 5400540084000000 0c000c0048000000 0800080054000000 100010005c000000 10001000d8000000
  358288e2 0501280a0000000f 44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
  86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa
  68cd0ab851e51c96aabc927bebef6a1c 0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
  02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000 c5dad2544fc979909 4ce1ce90bc9d03e`);

test("the answer of the specification is taken", () => {
  const verdict = new NtlmSignIn(Buffer.alloc(16), specChallenge).verify(specAnswer, () => user, anything);
  expect(verdict).toEqual({ ok: true, account: user, user: "User", domain: "Domain", mic: false });
});

test("the session key of the specification comes out of the base key", () => {
  // Sections 4.2.4.2.3 and 4.2.1: SessionBaseKey, EncryptedRandomSessionKey, RandomSessionKey.
  expect(rc4(hex("8de40ccadbc14a82f15cb0ad0de95ca3"), hex("c5dad2544fc9799094ce1ce90bc9d03e"))).toEqual(Buffer.alloc(16, 0x55));
});

// The three messages that the tests of Chromium's NTLM hold (net/ntlm/ntlm_test_data.h): the same account, with MIC and channel binding.
const chromiumNegotiate = hex("4e544c4d53535000 01000000 07820800 0000000020000000 0000000020000000");
const chromiumAnswer = hex(`
  4e544c4d53535000 03000000 1800180058000000 8a008a0070000000 0c000c00fa000000 0800080006010000 100010000e010000 0000000058000000
  03820800 0000000000000000 f7361633f0ad9bdf4a7c421bc6b824a3 000000000000000000000000000000000000000000000000
  8c0260dbef690662af9c42d50782d2ed 0101000000000000 800bc8fd00d4d201 aaaaaaaaaaaaaaaa 00000000
  02000c0044006f006d00610069006e00 01000c00530065007200760065007200 0600040002000000 0a0010006586e99d81c2fc984e47172fd4dd0310
  0900160048005400540050002f00530065007200760065007200 00000000 00000000
  44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200`);
const chromiumBinding = hex("6586e99d81c2fc984e47172fd4dd0310");
const strict = { extendedProtection: "Require", channelBinding: chromiumBinding, host: "server" } as const;
const chromium = new NtlmSignIn(chromiumNegotiate, specChallenge);

test("the answer of another client, with MIC, target name and channel binding, is taken by the strictest policy", () => {
  expect(chromium.verify(chromiumAnswer, () => user, strict)).toMatchObject({ ok: true, mic: true });
});

test.each<[string, typeof user | undefined, NtlmPolicy, string]>([
  ["another password", { password: "password" }, strict, "wrong password"],
  ["an unknown user", undefined, strict, "unknown user"],
  ["another channel", user, { ...strict, channelBinding: Buffer.alloc(16, 1) }, "wrong channel binding"],
  ["no channel at all", user, { ...strict, extendedProtection: "Allow", channelBinding: undefined }, "wrong channel binding"],
  ["another server name", user, { ...strict, host: "other" }, "wrong target name"],
])("%s refuses it", (_, account, policy, reason) => {
  expect(chromium.verify(chromiumAnswer, () => account, policy)).toMatchObject({
    ok: false,
    reason,
  });
});

test("a changed first message spoils the MIC", () => {
  const changed = Buffer.from(chromiumNegotiate);
  changed.writeUInt8(0x17, 12);
  expect(new NtlmSignIn(changed, specChallenge).verify(chromiumAnswer, () => user, strict)).toMatchObject({ reason: "wrong MIC" });
});

test("a changed byte of the header spoils the MIC, one of the response the proof", () => {
  const flags = Buffer.from(chromiumAnswer);
  flags.writeUInt8(0x13, 60);
  expect(chromium.verify(flags, () => user, strict)).toMatchObject({ reason: "wrong MIC" });
  const response = Buffer.from(chromiumAnswer);
  response.writeUInt8(0, 0x70 + 16 + 28 + 36);
  expect(chromium.verify(response, () => user, strict)).toMatchObject({ reason: "wrong password" });
});

test("without a channel binding the answer is taken when it is allowed and refused when it is required", () => {
  const signIn = new NtlmSignIn(Buffer.alloc(16), specChallenge);
  expect(signIn.verify(specAnswer, () => user, { ...strict, extendedProtection: "Allow" })).toMatchObject({ ok: true });
  expect(signIn.verify(specAnswer, () => user, strict)).toMatchObject({ reason: "no channel binding" });
});

test("an answer to another challenge is refused", () => {
  const signIn = new NtlmSignIn(
    chromiumNegotiate,
    ntlmChallenge(chromiumNegotiate, { domain: "D", computer: "C", dnsDomain: "d.example" }),
  );
  expect(signIn.verify(chromiumAnswer, () => user, strict)).toMatchObject({ ok: false });
});

test.each([
  ["an empty answer", Buffer.alloc(0), "malformed"],
  ["a first message", chromiumNegotiate, "malformed"],
  ["an answer that ends early", specAnswer.subarray(0, 200), "malformed"],
])("%s is malformed", (_, message, reason) => {
  expect(chromium.verify(message, () => user, anything)).toMatchObject({ ok: false, reason });
});

test("a sign-in without a name or with NTLMv1 is refused", () => {
  const anonymous = Buffer.from(specAnswer);
  anonymous.writeUInt16LE(0, 20);
  anonymous.writeUInt16LE(0, 36);
  expect(chromium.verify(anonymous, () => user, anything)).toMatchObject({ reason: "anonymous" });
  const old = Buffer.from(specAnswer);
  old.writeUInt16LE(24, 20);
  expect(chromium.verify(old, () => user, anything)).toMatchObject({ reason: "not NTLMv2" });
});

test("the types of NTLM messages are distinguished", () => {
  expect([chromiumNegotiate, specChallenge, specAnswer, Buffer.from("NTLMSSP")].map(ntlmMessage)).toEqual([
    "negotiate",
    undefined,
    "authenticate",
    undefined,
  ]);
});

test("a certificate of unknown form has no channel binding of its own making, and nothing breaks", () => {
  expect(channelBindingOf(hex("3003020101"))).toHaveLength(16);
});
