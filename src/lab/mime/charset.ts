import iconv from "iconv-lite";

/** Labels that mailers use for text in any charset. */
const unreliableLabels: ReadonlySet<string> = new Set([
  "",
  "us-ascii",
  "ascii",
  "utf-8",
  "utf8",
  "unknown-8bit",
  "x-unknown",
  "base64",
  "hex",
  "binary",
]);

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes text in any charset. An unknown or wrong charset is read as UTF-8 if the bytes are valid, otherwise as Windows-1252. The result contains
 * no C1 control character.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const label = charset
    .split("*", 1)
    .join("")
    .replace(/[\s"']/g, "")
    .toLowerCase();
  return readAs(bytes, label).replace(/[\u0080-\u009f]/g, "\ufffd");
}

/** Decodes Windows-1252, and Latin-1, which browsers treat as the same. Node's own decoder leaves C1 control characters. */
export function windows1252(bytes: Uint8Array): string {
  return iconv.decode(Buffer.from(bytes), "windows-1252").replace(/[\u0080-\u009f]/g, "\ufffd");
}

function readAs(bytes: Uint8Array, label: string): string {
  if (/^hz(-gb-?2312)?$/.test(label)) return readHz(bytes);
  if (/^(cs)?iso-?2022-?kr$/.test(label)) return readShifted(bytes, "euc-kr");
  if (/^iso-2022-cn(-ext)?$/.test(label)) return readShifted(bytes, "gb2312");
  if (!unreliableLabels.has(label)) {
    const decoder = decoderOf(label);
    if (decoder?.encoding === "windows-1252") return windows1252(bytes);
    if (decoder) return decoder.decode(bytes);
    if (iconv.encodingExists(label)) return iconv.decode(Buffer.from(bytes), label);
  }
  try {
    return strictUtf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return label.startsWith("utf") ? new TextDecoder().decode(bytes) : windows1252(bytes);
  }
}

function decoderOf(label: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(label);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** RFC 1843. */
function readHz(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  return text
    .split(/(~\{[^\n]*?(?:~\}|(?=\n)|$))/)
    .map((piece, index) => {
      if (index % 2 === 0) return windows1252(Buffer.from(piece.replace(/~\n/g, "").replaceAll("~~", "~"), "latin1"));
      return highBits(piece.slice(2).replace(/~\}$/, ""), "gb2312");
    })
    .join("");
}

/** RFC 1557, RFC 1922: clears the highest bits between SO and SI, or the end of the line. */
function readShifted(bytes: Uint8Array, charset: string): string {
  const text = Buffer.from(bytes)
    .toString("latin1")
    .replace(/\u001b\$[)*+]./g, "");
  return text
    .split(/(\u000e[^\u000f\n]*)/)
    .map((piece, index) =>
      index % 2 === 0 ? windows1252(Buffer.from(piece.replaceAll("\u000f", ""), "latin1")) : highBits(piece.slice(1), charset),
    )
    .join("");
}

function highBits(text: string, charset: string): string {
  return iconv.decode(
    Buffer.from(text, "latin1").map((byte) => (byte > 0x20 ? byte | 0x80 : byte)),
    charset,
  );
}
