import { createHmac, timingSafeEqual } from "node:crypto";

/** The last member of an entry that has a seal. */
const seal = /,"mac":"([0-9a-f]{64})"\}$/;

/** Returns the line of an entry with its HMAC-SHA256 (RFC 2104) as the last member; without a key the unchanged line. */
export function sealed(line: string, key: string | undefined): string {
  return key === undefined ? line : `${line.slice(0, -1)},"mac":"${macOf(line, key)}"}`;
}

/** Returns whether a line has the right HMAC for this key. */
export function isSealed(line: string, key: string): boolean {
  const [, found] = seal.exec(line) ?? [];
  if (found === undefined) return false;
  return timingSafeEqual(Buffer.from(found, "hex"), Buffer.from(macOf(line.replace(seal, "}"), key), "hex"));
}

function macOf(line: string, key: string): string {
  return createHmac("sha256", key).update(line).digest("hex");
}
