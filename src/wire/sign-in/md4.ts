/** The rounds of RFC 1320 section 3.4: the order of a block's words, the rotations, and the added constants. */
const rounds = [
  {
    mix: (b: number, c: number, d: number) => (b & c) | (~b & d),
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    rotate: [3, 7, 11, 19],
    add: 0,
  },
  {
    mix: (b: number, c: number, d: number) => (b & c) | (b & d) | (c & d),
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    rotate: [3, 5, 9, 13],
    add: 0x5a827999,
  },
  {
    mix: (b: number, c: number, d: number) => b ^ c ^ d,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    rotate: [3, 9, 11, 15],
    add: 0x6ed9eba1,
  },
] as const;

/**
 * Returns the MD4 hash (https://www.rfc-editor.org/rfc/rfc1320), 16 bytes. MD4 is broken and protects nothing; NTLM derives its key from a password
 * with it, and OpenSSL 3 no longer has it.
 */
export function md4(message: Uint8Array): Buffer {
  const input = padded(message);
  let a = 0x67452301;
  let b = 0xefcdab89;
  let c = 0x98badcfe;
  let d = 0x10325476;
  for (let block = 0; block < input.length; block += 64) {
    const before = [a, b, c, d] as const;
    for (const { mix, order, rotate, add } of rounds) {
      for (const [step, word] of order.entries()) {
        const sum = (a + mix(b, c, d) + input.readUInt32LE(block + word * 4) + add) | 0;
        const by = rotate[step % 4] ?? 0;
        [a, b, c, d] = [d, (sum << by) | (sum >>> (32 - by)), b, c];
      }
    }
    a = (a + before[0]) | 0;
    b = (b + before[1]) | 0;
    c = (c + before[2]) | 0;
    d = (d + before[3]) | 0;
  }
  const digest = Buffer.alloc(16);
  for (const [index, word] of [a, b, c, d].entries()) digest.writeInt32LE(word | 0, index * 4);
  return digest;
}

/** Pads by section 3.1 and 3.2: a one bit, zeros, and the length in bits, up to whole blocks of 64 bytes. */
function padded(message: Uint8Array): Buffer {
  const input = Buffer.alloc(Math.ceil((message.length + 9) / 64) * 64);
  input.set(message);
  input[message.length] = 0x80;
  input.writeBigUInt64LE(BigInt(message.length) * 8n, input.length - 8);
  return input;
}
