import { composeUnicode } from "../text/unicode-form.ts";

/** Longest name of a file on Linux, macOS and (in UTF-16 units, which are never more than the bytes) Windows. */
const maxNameBytes = 255;

/** A longer extension counts as part of the name. */
const maxExtensionBytes = 32;

/**
 * Names that Windows reads as devices, with any extension and with spaces before it. Source:
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
const deviceNames = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i;

/**
 * Names of mailcordon's own files, which may be followed by a suffix (a lock, a copy). Compared without case and in Unicode's compatibility form
 * (NFKC), which turns full-width letters into plain ones: wherever the file is copied, no mailcordon takes it for its own.
 */
const reservedNames = /^(mailcordon\.ya?ml|audit\.jsonl|index\.jsonl)/;

/**
 * Returns a safe name for one file in one folder, whatever the message says: no separators, NULs, control characters, bidirectional or other
 * invisible marks, no leading dot or dash, no trailing dot or space, no device name, no name of mailcordon's own files, at most 255 bytes of UTF-8
 * with its extension kept. Returns `fallback`, which must be safe, if nothing is left. Applying it twice changes nothing more.
 */
export function safeFileName(text: string, fallback: string): string {
  const plain = composeUnicode(text.replace(/\p{Surrogate}/gu, "_"))
    // Cf contains the bidirectional and zero-width marks; Zl and Zp end lines in some viewers.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replace(/[<>:"/\\|?*]/g, "_")
    // Other blanks look like a space and can hide the end of a name.
    .replace(/\p{Zs}+/gu, " ");
  const short = shortened(edged(plain), "");
  if (short === "" || /^_+$/.test(short)) return fallback;
  return deviceNames.test(short) || reservedNames.test(short.normalize("NFKC").toLowerCase()) ? shortened(`_${short}`, "") : short;
}

/** Returns `name` with `suffix` before its extension, at most 255 bytes long. `suffix` must be safe. */
export function withSuffix(name: string, suffix: string): string {
  return shortened(name, suffix);
}

function edged(name: string): string {
  // A loop instead of a regular expression, which would try a run of dots from each dot: a message may have a megabyte of them.
  let end = name.length;
  while (end > 0 && /[.\s]/.test(name.charAt(end - 1))) end--;
  return name
    .slice(0, end)
    .replace(/^[.\s]+/, "")
    .replace(/^-/, "_");
}

function shortened(name: string, suffix: string): string {
  const dot = name.lastIndexOf(".");
  const tail = dot > 0 ? name.slice(dot) : "";
  const extension = Buffer.byteLength(tail) <= maxExtensionBytes ? tail : "";
  const room = maxNameBytes - Buffer.byteLength(extension) - Buffer.byteLength(suffix);
  const stem = name.slice(0, name.length - extension.length);
  const cut = cutBytes(stem, room);
  const whole = `${cut}${suffix}${extension}`;
  return cut === stem ? whole : edged(whole);
}

/** Returns as many whole characters from the beginning as fit into `room` bytes. */
function cutBytes(text: string, room: number): string {
  if (Buffer.byteLength(text) <= room) return text;
  let bytes = 0;
  let cut = "";
  for (const char of text) {
    bytes += Buffer.byteLength(char);
    if (bytes > room) break;
    cut += char;
  }
  return cut;
}
