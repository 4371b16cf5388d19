import fc from "fast-check";
import { expect, test } from "vitest";
import { openPartDecoder } from "../../../src/wire/mime/decode-part.ts";
import { fieldIn } from "../../../src/wire/mime/mime-header.ts";
import { CalendarSplitter } from "../../../src/wire/mime/split-calendar.ts";

/** The files of a calendar that comes in pieces of these sizes: type, disposition and bytes. */
function files(text: string, sizes: readonly number[] = []) {
  const splitter = new CalendarSplitter();
  const found: { type: string; disposition: string | undefined; wire: string }[] = [];
  const take = (events: ReturnType<CalendarSplitter["write"]>) => {
    for (const event of events) {
      const last = found.at(-1);
      if (event.kind === "part")
        found.push({ type: event.part.type, disposition: fieldIn(event.part.fields, "content-disposition"), wire: "" });
      else if (event.kind === "bytes" && last) last.wire += event.bytes.toString("latin1");
    }
  };
  const bytes = Buffer.from(text);
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = Buffer.from(bytes.subarray(at, at + size));
    take(splitter.write(piece));
    piece.fill(0x2d);
    at += size;
  }
  take(splitter.end());
  return found.map(({ type, disposition, wire }) => {
    const decoder = openPartDecoder("base64");
    const content = Buffer.concat([decoder.write(Buffer.from(wire, "latin1")), decoder.end()]);
    return { type, disposition, content: content.toString("hex") };
  });
}

const sizes = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 });

test("a file inside ATTACH has its name and type, a data URL is a file, and a link is not", () => {
  const calendar = [
    "BEGIN:VCALENDAR",
    "SUMMARY:ATTACH;ENCODING=BASE64:TVo=",
    'ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=application/x-msdownload;X-FILENAME="a:b;c.exe":TVo=',
    "attach:data:text/html;base64,PGI+",
    "ATTACH:data:text/plain,plain",
    "ATTACH;FMTTYPE=text/plain:https://files.example/a.txt",
    "ATTACH;ENCODING=BASE64:AAEC",
    "END:VCALENDAR",
  ].join("\r\n");
  expect(files(calendar)).toEqual([
    {
      type: "application/x-msdownload",
      disposition: `attachment; filename*=utf-8''${[...Buffer.from("a:b;c.exe")].map((byte) => `%${byte.toString(16)}`).join("")}`,
      content: "4d5a",
    },
    { type: "text/html", disposition: "attachment", content: "3c623e" },
    { type: "application/octet-stream", disposition: "attachment", content: "000102" },
  ]);
});

test("any bytes are given back, wherever the line is folded and the calendar is cut", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 80 }),
      fc.constantFrom("\r\n ", "\n\t"),
      sizes,
      (bytes, width, fold, at) => {
        const line = `ATTACH;ENCODING=BASE64;X-FILENAME=a.bin:${Buffer.from(bytes).toString("base64")}`;
        const folded = line.replace(new RegExp(`.{${width}}(?=.)`, "g"), `$&${fold}`);
        const calendar = `BEGIN:VCALENDAR\r\n${folded}\r\nEND:VCALENDAR\r\n`;
        expect(files(calendar, at).map(({ content }) => content)).toEqual([Buffer.from(bytes).toString("hex")]);
      },
    ),
  );
});

test("no calendar makes the splitter throw, and chunks make no difference", () => {
  const piece = fc.constantFrom(
    "ATTACH",
    ";",
    ":",
    '"',
    "ENCODING=BASE64",
    "\r\n",
    " ",
    "\n",
    "data:",
    ";base64,",
    "TVo=",
    "X-FILENAME=a",
    "\u0000",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), sizes, (pieces, at) => {
      expect(files(pieces.join(""), at)).toEqual(files(pieces.join("")));
    }),
  );
});

test("a line without end, and a thousand files, cost neither time nor memory without end", () => {
  expect(files(`ATTACH;X-FILENAME=${"a".repeat(2_000_000)};ENCODING=BASE64:TVo=`)).toEqual([]);
  expect(files(`ATTACH:${"d".repeat(2_000_000)}`)).toEqual([]);
  expect(() => files("ATTACH;ENCODING=BASE64:TVo=\n".repeat(1001))).toThrow(expect.objectContaining({ code: "too-large" }));
});

test.each([" ", ";", "data:", "data:;base64", "x;base64"])("a data: URL of %j for ever is read in linear time", (piece) => {
  const begun = process.cpuUsage().user;
  files(`ATTACH:data:${piece.repeat(8000 / piece.length)},\r\n`.repeat(100));
  // Looked through again for each byte it takes hours.
  expect(process.cpuUsage().user - begun).toBeLessThan(10_000_000);
});
