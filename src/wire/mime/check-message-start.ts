import { Failure } from "../../failure.ts";

/** A field name has at most 998 characters (RFC 5322, 2.1.1). */
const maxName = 998;
/** A header field (RFC 5322, 2.2). No web page and no JSON text begins like this. Contact and calendar files do (`BEGIN:`). */
const field = /^[!#-9;=-Z\\^-z|~][!-9;-~]*[ \t]*:/;
const fieldBeginning = /^[!#-9;=-Z\\^-z|~][!-9;-~]*[ \t]*$/;

/** Passes on the bytes of a message. Throws Failure `broken-reply` as soon as they do not begin as a message, or if there are none. */
export async function* beginsAsMessage(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let beginning = "";
  let isKnown = false;
  const held: Uint8Array[] = [];
  for await (const piece of bytes) {
    if (isKnown) {
      yield piece;
      continue;
    }
    beginning += Buffer.from(piece.buffer, piece.byteOffset, Math.min(piece.length, maxName)).toString("latin1");
    isKnown = field.test(beginning);
    if (!isKnown && (beginning.length > maxName || !(beginning === "" || fieldBeginning.test(beginning)))) throw notAMessage();
    // A copy: the source may reuse its memory.
    if (!isKnown) held.push(Uint8Array.from(piece));
    else {
      yield* held.splice(0);
      yield piece;
    }
  }
  if (!isKnown) throw notAMessage();
}

function notAMessage(): Failure {
  return new Failure("broken-reply", "The server's reply is not a message: it does not begin with a header.", {
    hint: "Retry; if it persists, check the proxies in between: one may have sent a page instead of the message.",
  });
}
