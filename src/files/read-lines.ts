import { readRegular } from "./regular-file.ts";

/** One line of a file, without its line feed; `whole`: it had one. */
export interface FileLine {
  readonly line: Buffer;
  readonly whole: boolean;
}

/** The lines of a file from a byte on (default: its beginning), which end with a line feed and nothing else: what others wrote into one cannot end it. Throws what reading throws. */
export async function* linesOf(file: string, start = 0): AsyncGenerator<FileLine> {
  let rest: Buffer[] = [];
  for await (const bytes of readRegular(file, start)) {
    let from = 0;
    for (let feed = bytes.indexOf(0x0a); feed >= 0; feed = bytes.indexOf(0x0a, from)) {
      yield { line: Buffer.concat([...rest, bytes.subarray(from, feed)]), whole: true };
      rest = [];
      from = feed + 1;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  }
  if (rest.length > 0) yield { line: Buffer.concat(rest), whole: false };
}
