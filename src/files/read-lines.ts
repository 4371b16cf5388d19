import { readRegular } from "./regular-file.ts";

/** One line of a file, without its line feed. `whole`: the line feed was there. */
export interface FileLine {
  readonly line: Buffer;
  readonly whole: boolean;
}

/**
 * Yields the lines of a file from byte `start` on. Only a line feed ends a line, so text of others in a line cannot end it. Throws the error of
 * reading.
 */
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
