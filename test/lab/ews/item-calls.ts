import { afterAll, afterEach, beforeEach } from "vitest";
import type { Lab, LabOptions } from "../../../src/lab/lab.ts";
import type { LabRequest } from "../../../src/lab/request-log.ts";
import type { LabItem, LabMailbox } from "../../../src/lab/store/mailbox.ts";
import type { XmlElement } from "../../../src/lab/xml.ts";
import { anna, expectValidReplies, type Received, startSmallLab } from "./soap-client.ts";

/** A lab for each test, closed after it; when all have run, every reply is held against Exchange's schema. */
export function labForEach(options: LabOptions = {}): () => Lab {
  let lab: Lab | undefined;
  const all: LabRequest[] = [];
  const current = (): Lab => {
    if (lab === undefined) throw new Error("no lab runs");
    return lab;
  };
  beforeEach(async () => {
    lab = await startSmallLab(options);
  });
  afterEach(async () => {
    all.push(...current().requests);
    await current().close();
  });
  afterAll(async () => {
    await expectValidReplies({ ...current(), requests: all });
  });
  return current;
}

export function mailboxOf(lab: Lab, address = anna): LabMailbox {
  const mailbox = lab.store.mailbox(address);
  if (mailbox === undefined) throw new Error(`no mailbox ${address}`);
  return mailbox;
}

export function folderOf(lab: Lab, name: string, address = anna) {
  return mailboxOf(lab, address).known(name);
}

/** The items of a folder, oldest first. */
export function itemsIn(lab: Lab, name: string, address = anna): readonly LabItem[] {
  return [...folderOf(lab, name, address).items.values()];
}

/** Delivers a message and returns the resulting item. */
export function delivered(lab: Lab, mime: string, to = anna): LabItem {
  const [delivery] = lab.store.deliver(Buffer.from(mime.replace(/\r?\n/g, "\r\n"), "utf8"), { from: "eve@example.org", to: [to] });
  if (delivery?.item === undefined) throw new Error("not delivered");
  return delivery.item;
}

export const itemId = (item: { id: string; changeKey: string }, name = "t:ItemId"): string =>
  `<${name} Id="${item.id}" ChangeKey="${item.changeKey}"/>`;
export const idAlone = (id: string): string => `<t:ItemId Id="${id}"/>`;
export const distinguished = (name: string): string => `<t:DistinguishedFolderId Id="${name}"/>`;
export const fields = (...uris: readonly string[]): string =>
  `<t:AdditionalProperties>${uris.map((uri) => (uri.startsWith("<") ? uri : `<t:FieldURI FieldURI="${uri}"/>`)).join("")}</t:AdditionalProperties>`;
export const shape = (base = "IdOnly", more = ""): string => `<m:ItemShape><t:BaseShape>${base}</t:BaseShape>${more}</m:ItemShape>`;

export const getItem = (ids: string, itemShape = shape()): string => `<m:GetItem>${itemShape}<m:ItemIds>${ids}</m:ItemIds></m:GetItem>`;

export function findItem(
  parts: { shape?: string; view?: string; filter?: string; sort?: string; folders?: string; query?: string; traversal?: string } = {},
): string {
  return (
    `<m:FindItem Traversal="${parts.traversal ?? "Shallow"}">${parts.shape ?? shape()}${parts.view ?? ""}` +
    (parts.filter === undefined ? "" : `<m:Restriction>${parts.filter}</m:Restriction>`) +
    (parts.sort ?? "") +
    `<m:ParentFolderIds>${parts.folders ?? distinguished("inbox")}</m:ParentFolderIds>` +
    (parts.query === undefined ? "" : `<m:QueryString>${parts.query}</m:QueryString>`) +
    "</m:FindItem>"
  );
}

/** The response messages of a reply. */
export function messages(received: Received): readonly XmlElement[] {
  return received.xml().child("ResponseMessages")?.children ?? [];
}

/** The item elements of the first response message, wherever they stand. */
export function items(received: Received): readonly XmlElement[] {
  const first = messages(received)[0];
  return (first?.child("Items") ?? first?.at("RootFolder", "Items"))?.children ?? [];
}

export function onlyItem(received: Received): XmlElement {
  const [item] = items(received);
  if (item === undefined) throw new Error(`no item in ${received.body}`);
  return item;
}

export const names = (element: XmlElement): readonly string[] => element.children.map(({ name }) => name);
export const subjects = (received: Received): readonly (string | undefined)[] => items(received).map((item) => item.textAt("Subject"));
