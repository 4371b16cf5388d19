import { expect } from "vitest";
import { Failure } from "../../../src/failure.ts";
import {
  type Limits,
  optional,
  qname,
  type Reader,
  readXml,
  record,
  replacedCharacters,
  required,
  text,
} from "../../../src/wire/xml/read-xml.ts";

// Reading small documents, whole and cut, for the tests of the XML reader.

export const ns = "urn:example:mail";
export const q = (local: string) => qname(ns, local);

export async function* cut(bytes: Uint8Array, ...places: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const place of [...places, bytes.length]) {
    // A copy that is wiped: nothing may hold on to a chunk.
    const lent = Uint8Array.from(bytes.subarray(from, place));
    yield lent;
    lent.fill(0x21);
    from = place;
  }
}

export function everyByte(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  return cut(bytes, ...Array.from({ length: bytes.length - 1 }, (_, i) => i + 1));
}

export function bytesOf(document: string | Uint8Array): Uint8Array {
  return typeof document === "string" ? Buffer.from(document) : document;
}

export function read<T>(document: string | Uint8Array, reader: Reader<T>, limits: Limits = {}): Promise<T> {
  return readXml(cut(bytesOf(document)), q("Root"), reader, limits);
}

/** Read whole, and cut after every single byte: both must give the same. */
export async function readBothWays<T>(document: string | Uint8Array, reader: Reader<T>): Promise<T> {
  const whole = await read(document, reader);
  expect(await readXml(everyByte(bytesOf(document)), q("Root"), reader, { gatherBytes: 1 })).toEqual(whole);
  return whole;
}

export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Failure);
  return thrown instanceof Failure ? thrown : new Failure("internal", "unreachable");
}

export async function refused(document: string | Uint8Array, limits: Limits = {}): Promise<void> {
  const reader = record({ text: optional(q("Text"), text) });
  expect((await failureOf(read(document, reader, limits))).code).toBe("broken-reply");
  expect((await failureOf(readXml(everyByte(bytesOf(document)), q("Root"), reader, { gatherBytes: 1, ...limits }))).code).toBe(
    "broken-reply",
  );
}

export const root = (inner: string) => `<Root xmlns="${ns}">${inner}</Root>`;
export const one = (inner: string) => root(`<Text>${inner}</Text>`);
export const oneText = record({ text: required(q("Text"), text), replaced: replacedCharacters });
