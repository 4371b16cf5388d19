import { type LabRule, type RuleContent, type RulePart, type RuleParts, ruleActions, ruleConditions } from "../../store/rules.ts";
import { badRequest } from "../errors.ts";
import { restId } from "../ids.ts";
import { isObject, type Json, type JsonObject, memberOf } from "../json.ts";
import type { Row } from "../row.ts";
import { addressesIn, listIn, objectIn, textIn, wrongType } from "./message-from-json.ts";
import { recipientJson } from "./message-json.ts";

/** Words of EWS begin with a capital letter; those of Graph do not. */
const wordJson = (word: string): string => (word === "FYI" ? "fyi" : word.charAt(0).toLowerCase() + word.slice(1));
const wordOf = (word: string): string => (word === "fyi" ? "FYI" : word.charAt(0).toUpperCase() + word.slice(1));

function partJson(part: RulePart): Json {
  switch (part.kind) {
    case "texts":
      return part.texts;
    case "flag":
      return part.flag;
    case "word":
      return wordJson(part.word);
    case "addresses":
      return part.addresses.map(recipientJson);
    case "folder":
      return restId(part.folder);
    case "size":
      return { minimumSize: part.minimum ?? null, maximumSize: part.maximum ?? null };
  }
}

/** Null without any part, as in the service. */
function partsJson(parts: RuleParts): Json {
  return parts.size === 0 ? null : Object.fromEntries([...parts].map(([name, part]) => [name, partJson(part)]));
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/messagerule */
export function ruleRow(rule: LabRule): Row {
  return {
    properties: {
      id: rule.id,
      displayName: rule.name,
      sequence: rule.sequence,
      isEnabled: rule.isEnabled,
      hasError: false,
      isReadOnly: false,
      conditions: partsJson(rule.conditions),
      exceptions: partsJson(rule.exceptions),
      actions: partsJson(rule.actions),
    },
  };
}

const words: Readonly<Record<string, readonly string[]>> = {
  importance: ["low", "normal", "high"],
  markImportance: ["low", "normal", "high"],
  sensitivity: ["normal", "personal", "private", "confidential"],
  messageActionFlag: [
    ...["any", "call", "doNotForward", "followUp", "fyi", "forward", "noResponseNecessary", "read", "reply", "replyToAll", "review"],
  ],
};

function readPart(name: string, kind: RulePart["kind"], value: Json, folderId: (id: string) => string): RulePart {
  const sizeIn = (size: Json | undefined): number | undefined =>
    size === undefined || size === null ? undefined : typeof size === "number" ? size : wrongType(name);
  switch (kind) {
    case "texts":
      return { kind, texts: listIn(value, name).map((one) => textIn(one, name)) };
    case "flag":
      return { kind, flag: typeof value === "boolean" ? value : wrongType(name) };
    case "word": {
      const wanted = textIn(value, name).toLowerCase();
      const found = words[name]?.find((one) => one.toLowerCase() === wanted);
      return { kind, word: wordOf(found ?? wrongType(name)) };
    }
    case "addresses":
      return { kind, addresses: addressesIn(value, name) };
    case "folder":
      return { kind, folder: folderId(textIn(value, name)) };
    case "size": {
      const range = objectIn(value, name);
      return { kind, minimum: sizeIn(memberOf(range, "minimumSize")), maximum: sizeIn(memberOf(range, "maximumSize")) };
    }
  }
}

const unknown = (name: string, type: string): Error =>
  badRequest(
    `The property '${name}' does not exist on type 'microsoft.graph.${type}'. Make sure to only use property names that are defined by the type.`,
    "RequestBodyRead",
  );

function readParts(value: Json | undefined, what: "conditions" | "exceptions" | "actions", folderId: (id: string) => string): RuleParts {
  if (value === undefined || value === null) return new Map();
  const kinds = what === "actions" ? ruleActions : ruleConditions;
  const given = Object.entries(isObject(value) ? value : wrongType(what)).filter(([name, part]) => !name.includes("@") && part !== null);
  return new Map(
    given.map(([name, part]): [string, RulePart] => {
      const kind = kinds.get(name);
      if (kind === undefined) throw unknown(name, what === "actions" ? "messageRuleActions" : "messageRulePredicates");
      return [name, readPart(name, kind, part, folderId)];
    }),
  );
}

const members = ["displayName", "sequence", "isEnabled", "conditions", "exceptions", "actions", "id", "hasError", "isReadOnly"];

/** Reads a rule; a member that is missing keeps the value of `before`. `folderId`: the id of a folder of the mailbox in the form of EWS. Throws GraphError. */
export function readRule(body: JsonObject, before: RuleContent | undefined, folderId: (id: string) => string): RuleContent {
  const strange = Object.keys(body).find((name) => !name.includes("@") && !members.includes(name));
  if (strange !== undefined) throw unknown(strange, "messageRule");
  const has = (name: string): boolean => memberOf(body, name) !== undefined;
  const name = has("displayName") ? textIn(memberOf(body, "displayName") ?? null, "displayName") : before?.name;
  const sequence = has("sequence") ? memberOf(body, "sequence") : (before?.sequence ?? 1);
  const isEnabled = has("isEnabled") ? memberOf(body, "isEnabled") : (before?.isEnabled ?? true);
  if (typeof sequence !== "number" || !Number.isInteger(sequence) || sequence < 1) wrongType("sequence");
  if (typeof isEnabled !== "boolean") wrongType("isEnabled");
  const parts = (what: "conditions" | "exceptions" | "actions"): RuleParts =>
    has(what) || before === undefined ? readParts(memberOf(body, what), what, folderId) : before[what];
  const actions = parts("actions");
  if (name === undefined || name.trim() === "") throw badRequest("A rule needs a name.", "ErrorInvalidArgument");
  if (actions.size === 0) throw badRequest("A rule needs at least one action.", "ErrorInvalidArgument");
  return {
    name,
    sequence: Number(sequence),
    isEnabled: isEnabled === true,
    conditions: parts("conditions"),
    exceptions: parts("exceptions"),
    actions,
  };
}
