import type { CommandLine } from "../../faces/cli/program-flags.ts";
import { Failure } from "../../failure.ts";
import { readRegularOrPipe } from "../../files/regular-file.ts";
import { readAddressFile } from "../../sweeps/find/address-file.ts";

/** Size of the largest file that is read, in bytes. The readers have limits of their own, in characters. */
const largestFile = 192 * 1024 * 1024;

/** Returns the fields of the request that `--mailboxes-file` and `--tracking-log` fill from files. Throws Failure. */
export async function fieldsFromFiles({ mailboxes_file, mailboxes, tracking_log }: CommandLine["fields"]) {
  const log = tracking_log === undefined ? {} : { tracking_log: await readText(tracking_log, "--tracking-log") };
  if (mailboxes_file === undefined) return log;
  const named = mailboxes === undefined ? [] : Array.isArray(mailboxes) ? mailboxes : [mailboxes];
  return { ...log, mailboxes: [...named, ...(await readAddressFile(await readText(mailboxes_file, "--mailboxes-file")))] };
}

async function readText(path: unknown, flag: string): Promise<string> {
  if (typeof path !== "string" || path === "") throw new Failure("invalid-input", `${flag}: name a file.`);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of readRegularOrPipe(path)) {
      size += chunk.length;
      if (size > largestFile) break;
      chunks.push(chunk);
    }
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? ` (${String(thrown.code)})` : "";
    throw new Failure("invalid-input", `${flag}: the file cannot be read${code}.`, { cause: thrown });
  }
  if (size > largestFile) throw new Failure("invalid-input", `${flag}: the file has more than 192 MB.`);
  const bytes = Buffer.concat(chunks);
  // Windows PowerShell and Notepad also write UTF-16 with a byte order mark.
  return bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.subarray(2).toString("utf16le") : bytes.toString("utf8");
}
