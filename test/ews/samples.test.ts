import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../src/ews/operation.ts";
import { copyItem } from "../../src/ews/operations/copy-item.ts";
import { createFolder } from "../../src/ews/operations/create-folder.ts";
import { deleteAttachment } from "../../src/ews/operations/delete-attachment.ts";
import { deleteItem } from "../../src/ews/operations/delete-item.ts";
import { findFolder } from "../../src/ews/operations/find-folder.ts";
import { getAttachment } from "../../src/ews/operations/get-attachment.ts";
import { getFolder } from "../../src/ews/operations/get-folder.ts";
import { getItem } from "../../src/ews/operations/get-item.ts";
import { getSearchableMailboxes } from "../../src/ews/operations/get-searchable-mailboxes.ts";
import { markAsJunk } from "../../src/ews/operations/mark-as-junk.ts";
import { moveItem } from "../../src/ews/operations/move-item.ts";
import { uploadItem } from "../../src/ews/operations/upload-items.ts";
import { fixedEndpoint } from "../../src/ews/session/endpoint.ts";
import { openSoap } from "../../src/ews/session/soap.ts";
import { Failure } from "../../src/failure.ts";
import type { Outcome } from "../../src/outcome.ts";
import type { Http } from "../../src/wire/http/client-interface.ts";
import { absent, shared } from "./shared.ts";

const folder = "ews-samples";
const missing = absent(folder);
const because = missing === undefined ? "" : ` (skipped: ${missing})`;

const data = { size: 0, open: async function* () {} };
const junk = markAsJunk({ isJunk: true, move: true });

/** Every reader of ours, by the operation in the sample's name. */
const readers: Readonly<Record<string, (xml: string) => Promise<readonly Outcome<unknown>[]>>> = {
  GetItem: (xml) => read(getItem, { ids: [], detail: {} }, xml),
  CopyItem: (xml) => read(copyItem, { ids: [], to: { id: "" } }, xml),
  MoveItem: (xml) => read(moveItem, { ids: [], to: { id: "" } }, xml),
  DeleteItem: (xml) => read(deleteItem, { ids: [], type: "HardDelete" }, xml),
  MarkAsJunk: (xml) => read(junk, [], xml),
  GetAttachment: (xml) => read(getAttachment, { ids: [], detail: {} }, xml),
  DeleteAttachment: (xml) => read(deleteAttachment, [], xml),
  GetFolder: (xml) => read(getFolder, [], xml),
  FindFolder: (xml) => read(findFolder, { parents: [{ id: "" }], traversal: "Deep", offset: 0 }, xml),
  CreateFolder: (xml) => read(createFolder, { parent: { id: "" }, displayName: "" }, xml),
  GetSearchableMailboxes: (xml) => read(getSearchableMailboxes, {}, xml),
  UploadItems: (xml) => read(uploadItem, { folderId: "", data }, xml),
  Fault: (xml) => read(getFolder, [], xml),
};

/** Reads one reply as if a server had given it. */
function read<In, Out>(operation: Operation<In, Out>, input: In, xml: string): Promise<readonly Outcome<Out>[]> {
  const whole = /<(\w+:)?Envelope/.test(xml)
    ? xml
    : `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${xml}</s:Body></s:Envelope>`;
  const http: Http = {
    send: async () => ({
      status: 200,
      connection: { isOpen: true, certificate: undefined },
      ended: Promise.resolve(),
      isFramed: true,
      headers: new Map([["content-type", "text/xml; charset=utf-8"]]),
      body: (async function* () {
        yield Buffer.from(whole);
      })(),
      text: async () => whole,
      discard() {},
    }),
    close() {},
  };
  const soap = openSoap({
    endpoint: fixedEndpoint(new URL("https://mail.example.com/EWS/Exchange.asmx")),
    http,
    authorize: async () => ({}),
    userAgent: "test",
  });
  return soap.call(operation, input, { mailbox: undefined }, {});
}

function sample(name: string): string {
  return readFileSync(shared(`${folder}/${name}.xml`), "utf8");
}

/** The values that are a success of a sample. */
async function values<In, Out>(operation: Operation<In, Out>, input: In, name: string): Promise<Out[]> {
  const outcomes = await read(operation, input, sample(name));
  return outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
}

const files = missing === undefined ? readdirSync(shared(folder)).filter((file) => /__(response|fault)__/.test(file)) : [];
const ours = files.map((file) => ({ file, operation: file.split("__")[1] ?? "" })).filter(({ operation }) => operation in readers);
const replies = ours.filter(({ operation }) => operation !== "Fault");
const faults = ours.filter(({ operation }) => operation === "Fault");

describe.skipIf(missing !== undefined)(`replies of real servers and of Microsoft's documentation${because}`, () => {
  test.each(replies)("$file has an outcome for each response message, with the code that stands there", async ({ file, operation }) => {
    const xml = readFileSync(shared(`${folder}/${file}`), "utf8");
    // The inner code of an error is more precise than the error itself.
    const inner = /Name="InnerErrorResponseCode"[^>]*>\s*(\w+)\s*</.exec(xml)?.[1];
    const said = [...xml.matchAll(/ResponseClass\s*=\s*"(\w+)"[\s\S]*?<(?:\w+:)?ResponseCode>\s*(\w+)\s*</g)].map(([, kind, code]) => ({
      kind,
      code: inner ?? code,
    }));
    const outcomes = await readers[operation]?.(xml);
    const read = outcomes?.map((outcome) => (outcome.ok ? "NoError" : (outcome.failure.wireCode ?? outcome.failure.code)));
    // A warning also has a value: it is not a failure.
    expect(read).toEqual(said.map(({ kind, code }) => (kind === "Error" ? code : "NoError")));
    expect(read?.length).toBeGreaterThan(0);
  });

  test.each(faults)("$file is thrown with its code", async ({ file }) => {
    const xml = readFileSync(shared(`${folder}/${file}`), "utf8");
    const code = (/ResponseCode[^>]*>\s*([^<\s]+)\s*</.exec(xml) ?? /<faultcode[^>]*>\s*(?:\w+:)?([^<\s]+)\s*</.exec(xml))?.[1];
    expect(code).toBeTruthy();
    const thrown = await readers.Fault?.(xml).catch((failure: unknown) => failure);
    expect(thrown).toBeInstanceOf(Failure);
    expect(thrown).toMatchObject({ wireCode: code });
  });

  test("a server busy fault names the wait, even if the number is large", async () => {
    const thrown = await readers.Fault?.(sample("davmail__Fault__fault__ErrorServerBusy__01")).catch((failure: unknown) => failure);
    const wait = Number(/BackOffMilliseconds">(\d+)</.exec(sample("davmail__Fault__fault__ErrorServerBusy__01"))?.[1]);
    expect(thrown).toMatchObject({ code: "busy", backOffMs: wait });
  });

  test("a fault without BackOffMilliseconds names no wait, whatever its text says", async () => {
    const thrown = await readers
      .Fault?.(sample("ews-rs__Fault__fault__ErrorExceededConnectionCount__01"))
      .catch((failure: unknown) => failure);
    expect(thrown).toMatchObject({ code: "busy", backOffMs: undefined });
  });

  test("an illegal character reference is replaced and counted, and the text around it stays", async () => {
    const [message] = await values(getItem, { ids: [], detail: {} }, "issues__GetItem__response__01");
    expect(message).toMatchObject({ itemId: "AAMk", changeKey: "CQAA", replacedCharacters: 1 });
    expect(message?.subject).toMatch(/^Pendencia\(s\).*\uFFFDS CAIXA ASSIS$/);
  });

  test("junk gives the new id of the item that was moved", async () => {
    expect(await values(junk, [], "ews-rs__MarkAsJunk__response__01")).toEqual([{ newItemId: "AAMkAD=", senderBlocked: true }]);
  });

  test("a deleted attachment gives its message's new change key", async () => {
    const found = await values(deleteAttachment, [], "msdocs__DeleteAttachment__response__01");
    expect(found[0]).toEqual({ changeKey: "AAAXulck" });
  });

  test("a file attachment is listed with its id and name, its content is not held", async () => {
    const [opened] = await values(getAttachment, { ids: [], detail: {} }, "msdocs__GetAttachment__response__04");
    expect(opened?.attachment).toMatchObject({ id: "AAAtAEFkbWluaX...", kind: "file", name: "SomeFile" });
    expect(JSON.stringify(opened)).not.toContain("AQIDBAU");
  });
});
