/**
 * MD4, the hash that Windows stores of passwords. Written from RFC 1320 for the lab only: with a shared digest, the lab would not notice an error of the
 * client.
 */
export function md4Digest(input: Buffer): Buffer {
  const padding = Buffer.alloc(((119 - (input.length % 64)) % 64) + 1);
  padding[0] = 0x80;
  const length = Buffer.alloc(8);
  length.writeUInt32LE((input.length << 3) >>> 0, 0);
  length.writeUInt32LE(Math.floor(input.length / 2 ** 29), 4);
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  const all = Buffer.concat([input, padding, length]);
  for (let at = 0; at < all.length; at += 64) {
    const x = Uint32Array.from({ length: 16 }, (_, word) => all.readUInt32LE(at + 4 * word));
    absorb(state, x);
  }
  const digest = Buffer.alloc(16);
  state.forEach((word, index) => {
    digest.writeUInt32LE(word, 4 * index);
  });
  return digest;
}

/** Processes one block: 48 steps, which rotate the four registers. */
function absorb(state: Uint32Array, x: Uint32Array): void {
  const register = Uint32Array.from(state);
  const at = (index: number): number => register[index & 3] ?? 0;
  for (let step = 0; step < 48; step++) {
    const target = (4 - (step % 4)) & 3; // A, D, C, B, A, …
    const [b, c, d] = [at(target + 1), at(target + 2), at(target + 3)];
    const within = step % 16;
    let value: number;
    let shift: number;
    if (step < 16) {
      value = ((b & c) | (~b & d)) + (x[within] ?? 0);
      shift = [3, 7, 11, 19][step % 4] ?? 0;
    } else if (step < 32) {
      // Column by column.
      value = ((b & c) | (b & d) | (c & d)) + (x[(within % 4) * 4 + (within >> 2)] ?? 0) + 0x5a827999;
      shift = [3, 5, 9, 13][step % 4] ?? 0;
    } else {
      // In the order of the numbers with their four bits reversed.
      const reversed = ((within & 1) << 3) | ((within & 2) << 1) | ((within & 4) >> 1) | ((within & 8) >> 3);
      value = (b ^ c ^ d) + (x[reversed] ?? 0) + 0x6ed9eba1;
      shift = [3, 9, 11, 15][step % 4] ?? 0;
    }
    const sum = (at(target) + value) >>> 0;
    register[target] = (sum << shift) | (sum >>> (32 - shift));
  }
  for (const [index, word] of register.entries()) state[index] = (state[index] ?? 0) + word;
}
