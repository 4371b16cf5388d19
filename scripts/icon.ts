// Draws the icon of the Automation Service integration, an envelope behind a cordon, and writes it as data:
// `npx esbuild scripts/icon.ts --bundle --platform=node --format=esm | node --input-type=module`
import { writeFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

const size = 96;
/** Samples per pixel in each direction, for smooth edges. */
const fine = 4;

type Colour = readonly [red: number, green: number, blue: number, alpha: number];
const none: Colour = [0, 0, 0, 0];
const night: Colour = [16, 52, 74, 255];
const paper: Colour = [244, 248, 250, 255];
const fold: Colour = [150, 176, 190, 255];
const amber: Colour = [255, 183, 27, 255];
const ink: Colour = [28, 34, 40, 255];

/** Returns the colour of a point; both coordinates are from 0 to 1. */
function colourAt(x: number, y: number): Colour {
  if (!inRoundedSquare(x, y, 0, 0, 1, 1, 0.2)) return none;
  // The tape runs upwards to the right, and casts a thin shadow.
  const across = y - (0.76 - 0.34 * x);
  if (Math.abs(across) < 0.085) return Math.floor((x + across) * 9) % 2 === 0 ? amber : ink;
  if (Math.abs(across) < 0.1) return night;
  if (!inRoundedSquare(x, y, 0.14, 0.24, 0.86, 0.78, 0.05)) return night;
  const flap = 0.28 + 0.3 * (1 - Math.abs(x - 0.5) / 0.36);
  if (Math.abs(y - flap) < 0.022) return fold;
  const side = 0.74 - 0.24 * Math.min(1, Math.min(x - 0.14, 0.86 - x) / 0.3);
  return y > flap && Math.abs(y - side) < 0.014 ? fold : paper;
}

function inRoundedSquare(x: number, y: number, left: number, top: number, right: number, bottom: number, radius: number): boolean {
  const dx = Math.max(left + radius - x, x - (right - radius), 0);
  const dy = Math.max(top + radius - y, y - (bottom - radius), 0);
  return dx * dx + dy * dy <= radius * radius;
}

function pixel(column: number, row: number): Colour {
  const sum = [0, 0, 0, 0];
  for (let at = 0; at < fine * fine; at++) {
    const [red, green, blue, alpha] = colourAt(
      (column + ((at % fine) + 0.5) / fine) / size,
      (row + (Math.floor(at / fine) + 0.5) / fine) / size,
    );
    for (const [channel, value] of [red, green, blue].entries()) sum[channel] = (sum[channel] ?? 0) + value * alpha;
    sum[3] = (sum[3] ?? 0) + alpha;
  }
  const [red = 0, green = 0, blue = 0, alpha = 0] = sum;
  const mean = (channel: number) => (alpha === 0 ? 0 : Math.round(channel / alpha));
  return [mean(red), mean(green), mean(blue), Math.round(alpha / (fine * fine))];
}

/** Returns a chunk of PNG. Source: https://www.w3.org/TR/png-3/#5Chunk-layout */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const whole = Buffer.alloc(named.byteLength + 8);
  whole.writeUInt32BE(data.byteLength, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.byteLength + 4);
  return whole;
}

function png(): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  // Eight bits each of red, green, blue and alpha.
  head.writeUInt8(8, 8);
  head.writeUInt8(6, 9);
  const rows = Array.from({ length: size }, (_, row) => [0, ...Array.from({ length: size }, (_, column) => pixel(column, row)).flat()]);
  const data = deflateSync(Uint8Array.from(rows.flat()), { level: 9 });
  const signature = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", new Uint8Array())]);
}

const text = `/** The integration's icon, a PNG of ${size} by ${size} pixels in base64. \`scripts/icon.ts\` draws it. */
export const icon =
  "${png().toString("base64")}";
`;
writeFileSync("src/faces/automation-service/icon.ts", text);
