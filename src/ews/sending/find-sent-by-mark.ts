import { Failure } from "../../failure.ts";
import { bool, dateTime, fromAttribute, listOf, many, mapped, optional, type Reader, record, text } from "../../wire/xml/read-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { extendedField } from "../messages/extended-property.ts";
import { shape } from "../messages/item-shapes.ts";
import { itemElements } from "../messages/message-reader.ts";
import { t } from "../namespaces.ts";
import { findItemAs, type ItemPage } from "../operations/find-item.ts";
import { isRefusal } from "../search/refused-filters.ts";
import { propertyCondition, restrictionOf } from "../search/restriction.ts";
import type { ItemRef } from "../session/item-ids.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { sendMark } from "./draft-xml.ts";

/** An item with a mark of ours. */
export interface MarkedItem extends ItemRef {
  /** True when it was submitted for sending, even if it is still among the drafts. */
  readonly isSubmitted: boolean;
}

/** A listed item, with the properties that show whether it has a mark. */
interface Listed extends MarkedItem {
  readonly createdAt: string | undefined;
  readonly marks: readonly (string | undefined)[];
}

const markedReader: Reader<readonly Listed[]> = mapped(
  listOf(
    itemElements,
    record({
      ref: optional(t("ItemId"), record({ id: fromAttribute("Id"), changeKey: fromAttribute("ChangeKey") })),
      createdAt: optional(t("DateTimeCreated"), dateTime),
      extended: many(t("ExtendedProperty"), record({ value: optional(t("Value"), text) })),
      isSubmitted: optional(t("IsSubmitted"), bool),
    }),
  ),
  (items) =>
    items.map(({ ref, createdAt, extended = [], isSubmitted = false }) => {
      return { id: ref?.id ?? "", changeKey: ref?.changeKey, createdAt, marks: extended.map(({ value }) => value), isSubmitted };
    }),
);

const findMarkedItem = findItemAs(markedReader);
const markedFields = ["item:ItemId", "item:IsSubmitted"];
const markedShape = shape("m:ItemShape", markedFields);
const listedShape = shape("m:ItemShape", [...markedFields, "item:DateTimeCreated"], { extended: [extendedField(sendMark)] });

/** More than one appears only when making a draft was repeated. */
const maxMarked = 10;
/** Page size where a folder is listed without a restriction. */
const listedAtOnce = 500;
/** Our message is made in this call; two clocks differ by less than a day. */
const oldestMs = 24 * 3_600_000;
/** A folder with more items of the last day is not searched completely. */
const mostPages = 20;

/**
 * Returns the items with the mark in these well-known folders; a folder that the mailbox does not have counts as empty. Where the server refuses this
 * search, the newest items are listed with their mark. Throws Failure, also for a list that contradicts itself, because later steps depend on the
 * absence of a message.
 */
export async function findSentByMark(mailbox: EwsMailbox, mark: string, folders: readonly string[]): Promise<readonly MarkedItem[]> {
  const refs = folders.map((name): FolderRef => mailbox.folders.distinguished(name));
  const restriction = restrictionOf([propertyCondition(sendMark, mark)]);
  const question = (some: readonly FolderRef[]) => ({ folders: some, shape: markedShape, pageSize: maxMarked, offset: 0, restriction });
  const found: Listed[] = [];
  let index = 0;
  for await (const outcome of mailbox.each(findMarkedItem, refs, question)) {
    const folder = refs[index++];
    if (outcome.ok && (outcome.value.items.length > 0 || saysNone(outcome.value))) for (const one of outcome.value.items) found.push(one);
    else if (outcome.ok || isRefusal(outcome.failure)) {
      if (folder !== undefined) for (const one of await listMarked(mailbox, mark, folder)) found.push(one);
    } else if (outcome.failure.code !== "folder-not-found") throw outcome.failure;
  }
  return found.filter(({ id }) => id !== "");
}

/** Tells whether a page is empty, is the last, and counts no items. */
function saysNone({ isLast, total = 0 }: ItemPage<unknown>): boolean {
  return isLast && total === 0;
}

async function listMarked(mailbox: EwsMailbox, mark: string, folder: FolderRef): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  let offset = 0;
  for (let pages = 0; pages < mostPages; pages++) {
    const { items, isLast, total } = await mailbox.ask(findMarkedItem, {
      folders: [folder],
      shape: listedShape,
      pageSize: listedAtOnce,
      offset,
      newestBy: "item:DateTimeCreated",
    });
    for (const one of items) if (one.marks.includes(mark)) found.push(one);
    offset += items.length;
    if (isLast && (total ?? 0) <= offset) return found;
    const times = items.map(({ createdAt = "" }) => createdAt);
    const isOrdered = times.every((time, at) => time !== "" && time <= (times[at - 1] ?? time));
    if (isOrdered && times.length > 0 && Date.parse(times.at(-1) ?? "") < Date.now() - oldestMs) return found;
    if (items.length === 0) break;
  }
  if (found.length > 0) return found;
  throw new Failure("could-not-look", "The server refuses to search for the mark of a message, and did not list the folder completely.");
}
