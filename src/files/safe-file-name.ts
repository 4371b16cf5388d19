import { composeUnicode } from "../text/unicode-form.ts";

/** Longest name of a file on Linux, macOS and (in UTF-16 units, which are never more than the bytes) Windows. */
const maxNameBytes = 255;

/** An extension longer than this is part of the name, not a kind of file. */
const maxExtensionBytes = 32;

/** Names that Windows reads as devices, with any extension and with spaces before it.
 *  Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const deviceNames = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i;

/**
 * Names of mailcordon's own files, and what may stand after them: a lock, a copy. Compared without case and in the compatibility form of Unicode
 * (NFKC), in which a name of full-width letters is the plain one: wherever somebody copies the file, no mailcordon takes it for its own.
 */
const reservedNames = /^(mailcordon\.ya?ml|audit\.jsonl|index\.jsonl)/;

/**
 * A name for one file in one folder, whatever the mail says: no separators, NULs, control characters, bidirectional or other invisible
 * marks, no leading dot or dash, no trailing dot or space, no device name, no name of mailcordon's own files, not longer than 255 bytes of UTF-8 with its extension kept.
 * `fallback` is used when nothing is left; it must itself be safe. Applying it twice changes nothing more.
 */
export function safeFileName(text: string, fallback: string): string {
  const plain = composeUnicode(text.replace(/\p{Surrogate}/gu, "_"))
    // Cf holds the bidirectional marks and the zero-width ones; Zl and Zp end lines for some viewers.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replace(/[<>:"/\\|?*]/g, "_")
    // Other blanks look like a space and hide the end of a name.
    .replace(/\p{Zs}+/gu, " ");
  const short = shortened(edged(plain), "");
  if (short === "" || /^_+$/.test(short)) return fallback;
  return deviceNames.test(short) || reservedNames.test(short.normalize("NFKC").toLowerCase()) ? shortened(`_${short}`, "") : short;
}

/** `name` with `suffix` before its extension, at most 255 bytes long. `suffix` must itself be safe. */
export function withSuffix(name: string, suffix: string): string {
  return shortened(name, suffix);
}

function edged(name: string): string {
  // Not by an expression for its end, which would try a run of dots from each of them on: a mail may have a megabyte of them.
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

/** As many whole characters from the beginning as fit into so many bytes. */
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
