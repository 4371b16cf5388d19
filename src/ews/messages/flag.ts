import type { Flag, Message } from "../../exchange/message.ts";
import { done, type Outcome } from "../../outcome.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";

/**
 * PidTagFlagStatus, PidTagFlagCompleteTime, PidLidTaskStartDate and PidLidTaskDueDate: servers before Exchange 2013 refuse a shape with `item:Flag`.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxoflag/
 */
const properties = {
  status: { PropertyTag: "0x1090", PropertyType: "Integer" },
  completedAt: { PropertyTag: "0x1091", PropertyType: "SystemTime" },
  startAt: { DistinguishedPropertySetId: "Task", PropertyId: "33028", PropertyType: "SystemTime" },
  dueAt: { DistinguishedPropertySetId: "Task", PropertyId: "33029", PropertyType: "SystemTime" },
} as const;

/** The paths of a flag, for the shape of GetItem. */
export const flagFields: readonly Xml[] = Object.values(properties).map((path) => element("t:ExtendedFieldURI", path));

/** One extended property of an item. */
export interface ExtendedValue {
  readonly tag?: string | undefined;
  /** Number of a named property. */
  readonly id?: string | undefined;
  readonly value?: string | undefined;
}

/** Reads the flag; undefined if the item has none, or it was not requested. */
export function flagOf(extended: readonly ExtendedValue[] = []): Flag | undefined {
  const status = { "1": "complete", "2": "flagged" } as const;
  const value = (tag: number) => extended.find((one) => one.tag !== undefined && Number(one.tag) === tag)?.value;
  const named = (id: string) => timeOf(extended.find((one) => one.id === id)?.value);
  const code = value(Number(properties.status.PropertyTag));
  if (code !== "1" && code !== "2") return undefined;
  return {
    status: status[code],
    ...{ startAt: named(properties.startAt.PropertyId), dueAt: named(properties.dueAt.PropertyId) },
    completedAt: timeOf(value(Number(properties.completedAt.PropertyTag))),
  };
}

function timeOf(text: string | undefined): string | undefined {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** Returns a message that was read with its flag: an item without a flag has none of the properties. */
export function withFlag(message: Message): Message {
  return { ...message, flag: message.flag ?? { status: "not_flagged" } };
}

/**
 * Writes a flag. Exchange takes both dates of a flagged item or none of them, and only the date of completion of a completed one.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_web_services_protocols/ms-oxwscore/b06add1d-e3eb-44fd-8436-b17bced1b086
 */
export function flagXml({ status, startAt, dueAt, completedAt }: Flag): Xml {
  const names = { not_flagged: "NotFlagged", flagged: "Flagged", complete: "Complete" } as const;
  const isDated = status === "flagged" && startAt !== undefined && dueAt !== undefined;
  return element(
    "t:Flag",
    undefined,
    element("t:FlagStatus", undefined, names[status]),
    isDated ? element("t:StartDate", undefined, startAt) : undefined,
    isDated ? element("t:DueDate", undefined, dueAt) : undefined,
    status === "complete" && completedAt !== undefined ? element("t:CompleteDate", undefined, completedAt) : undefined,
  );
}

/** Returns the outcomes of messages that were read with their flags. */
export async function* withFlags(outcomes: AsyncIterable<Outcome<Message>>): AsyncGenerator<Outcome<Message>> {
  for await (const outcome of outcomes) yield outcome.ok ? done(withFlag(outcome.value)) : outcome;
}
