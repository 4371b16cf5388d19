import { CalendarSplitter } from "./split-calendar.ts";
import { type MimeEvent, MimeSplitter, type Splitter } from "./split-mime.ts";
import { TnefSplitter, tnefSignature } from "./split-tnef.ts";

/** This many bytes identify the format. */
const decisiveBytes = 200;
const calendarBegin = "BEGIN:VCALENDAR";

/**
 * Splits an attachment: a message, a signed one as Exchange keeps it, TNEF (winmail.dat) or a calendar. The content decides the format, since the
 * sender chose its name and type. `isMessage`: content of no other kind is a message; otherwise the splitter reports a flaw.
 */
export class AnySplitter implements Splitter {
  readonly #isMessage: boolean;
  #splitter: Splitter | undefined;
  #held: Buffer = Buffer.alloc(0);

  constructor(isMessage: boolean) {
    this.#isMessage = isMessage;
  }

  *write(piece: Uint8Array): Generator<MimeEvent> {
    if (this.#splitter !== undefined) return yield* this.#splitter.write(piece);
    this.#held = Buffer.concat([this.#held, piece]);
    if (this.#held.length >= decisiveBytes || this.#tells()) yield* this.#begin();
  }

  *end(): Generator<MimeEvent> {
    yield* this.#begin();
    if (this.#splitter !== undefined) yield* this.#splitter.end();
  }

  /** Returns whether the format is known: a part of a message is passed on while the rest arrives. */
  #tells(): boolean {
    const text = textOf(this.#held);
    const isCalendar = calendarBegin.startsWith(text.trimStart().slice(0, calendarBegin.length).toUpperCase());
    if (this.#held.length < 4 || (isCalendar && text.trimStart().length < calendarBegin.length)) return false;
    return this.#isMessage || !/^[!-9;-~]{1,76}[ \t]*$/.test(text);
  }

  *#begin(): Generator<MimeEvent> {
    if (this.#splitter !== undefined) return;
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    const text = textOf(held);
    if (held.length >= 4 && held.readUInt32LE(0) === tnefSignature) this.#splitter = new TnefSplitter();
    else if (text.trimStart().toUpperCase().startsWith(calendarBegin)) this.#splitter = new CalendarSplitter();
    else if (this.#isMessage || /^[!-9;-~]{1,76}[ \t]*:/.test(text)) this.#splitter = new MimeSplitter();
    else this.#splitter = new NothingSplitter();
    yield* this.#splitter.write(held);
  }
}

/** Returns the text without a byte order mark. */
function textOf(held: Buffer): string {
  return held.toString("latin1", 0, decisiveBytes).replace(/^\u00ef\u00bb\u00bf/, "");
}

class NothingSplitter implements Splitter {
  *write(): Generator<MimeEvent> {}
  *end(): Generator<MimeEvent> {
    yield { kind: "flaw", text: "Its content does not have the format of its name or type, so it is not opened." };
  }
}
