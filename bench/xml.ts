import { m, s } from "../src/ews/namespaces.ts";
import { findItem } from "../src/ews/operations/find-item.ts";
import type { Message } from "../src/exchange/message.ts";
import { readXml, within } from "../src/wire/xml/read-xml.ts";
import { measureAttachment } from "./attachment.ts";
import { findItemPage } from "./find-item-page.ts";
import { readWithSaxes } from "./find-item-saxes.ts";
import type { Measure } from "./measure.ts";
import { median } from "./process.ts";

/** Measures reading XML: pages of messages into typed values, and one large attachment in constant memory. */
export async function measureXml(rounds = 7): Promise<Measure[]> {
  return [...(await measurePages(rounds)), ...(await measureAttachment(rounds))];
}

const pages = 10;
const perPage = 1000;
/** Bytes that a socket delivers at a time. */
const chunkBytes = 64 * 1024;

async function* pieces(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** Measures the CPU of reading pages into summaries, relative to JSON.parse of equal objects and to saxes with the same task. */
export async function measurePages(rounds: number): Promise<Measure[]> {
  const documents = Array.from({ length: pages }, (_, page) => cut(findItemPage(page * perPage, perPage)));
  const first = documents[0] ?? [];
  const values = await messagesOf(first);
  const same = JSON.stringify(readWithSaxes(first)) === JSON.stringify(values);
  if (!same || values.length !== perPage) throw new Error("The two readers do not return equal objects.");
  // All three begin with bytes, as they come from a socket.
  const json8: Buffer[] = [];
  for (const document of documents) json8.push(Buffer.from(JSON.stringify(await messagesOf(document))));
  const texts = json8.map((bytes) => bytes.toString());

  const ours: number[] = [];
  const json: number[] = [];
  const jsonText: number[] = [];
  const saxes: number[] = [];
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const a = await cpuMs(async () => {
      for (const document of documents) await messagesOf(document);
    });
    const b = await cpuMs(async () => {
      for (const bytes of json8) JSON.parse(bytes.toString());
    });
    const d = await cpuMs(async () => {
      for (const text of texts) JSON.parse(text);
    });
    const c = await cpuMs(async () => {
      for (const document of documents) readWithSaxes(document);
    });
    if (round === 0) continue;
    ours.push(a);
    json.push(b);
    jsonText.push(d);
    saxes.push(c);
  }
  const [our, their, other, ready] = [median(ours), median(json), median(saxes), median(jsonText)];
  const bytes = documents.flat().reduce((sum, chunk) => sum + chunk.length, 0);
  const detail = `${our.toFixed(0)} ms CPU for ${(bytes / 1e6).toFixed(1)} MB; JSON.parse ${their.toFixed(0)} ms for ${(texts.join("").length / 1e6).toFixed(1)} MB (${ready.toFixed(0)} ms from strings: ${(our / ready).toFixed(2)} x); saxes ${other.toFixed(0)} ms; medians of ${rounds}`;
  return [
    ratio("read 10 FindItem pages of 1000, against JSON.parse of bytes that hold the same objects", our / their, 4, detail),
    ratio("read 10 FindItem pages of 1000, against saxes", our / other, 0.75, detail),
  ];
}

async function messagesOf(chunks: readonly Buffer[]): Promise<readonly Message[]> {
  const outcome = (await readPage(chunks))?.[0];
  if (!outcome?.ok) throw new Error("The page cannot be read.");
  return outcome.value.items;
}

function readPage(chunks: readonly Buffer[]) {
  return readXml(pieces(chunks), s("Envelope"), within(s("Body"), within(m("FindItemResponse"), findItem.read)));
}

function cut(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return chunks;
}

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function ratio(name: string, value: number, bar: number, detail: string): Measure {
  return { name, value, unit: "x", bar, ok: value <= bar, detail };
}
