// src/lab/ews/: Exchange Web Services in the lab: reads SOAP, runs operations on the store and writes the replies.

import type { XmlElement } from "../xml.ts";
import { messagesNamespace, typesNamespace } from "./operation.ts";
import { calendarTypes } from "./schema/calendar.ts";
import { contactTypes } from "./schema/contacts.ts";
import { fieldUriTypes } from "./schema/field-uris.ts";
import { folderAndSearchTypes } from "./schema/folders-and-search.ts";
import { type ComplexType, key, type Particle, readGrammar } from "./schema/grammar.ts";
import { itemTypes } from "./schema/items.ts";
import { operationTypes } from "./schema/operations.ts";
import { excerpt, simpleProblem } from "./schema/simple.ts";

/** The first fault of a request, reading from top to bottom, and its position. */
export interface SchemaProblem {
  readonly line: number;
  readonly column: number;
  readonly violation: string;
}

class Violation extends Error {
  readonly element: XmlElement;

  constructor(element: XmlElement, message: string) {
    super(message);
    this.element = element;
  }
}

const grammar = readGrammar([operationTypes, folderAndSearchTypes, fieldUriTypes, itemTypes, calendarTypes, contactTypes]);

/** Checks a request against the schema of Exchange SE (15.2.2562.17): the operation element with everything in it. */
export function checkRequest(operation: XmlElement): SchemaProblem | undefined {
  const type = operation.ns === messagesNamespace ? grammar.operations.get(operation.name) : undefined;
  try {
    if (type === undefined) throw new Violation(operation, `The element '${operation.name}' in namespace '${operation.ns}' is no request.`);
    checkElement(operation, type);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { line: error.element.line, column: error.element.column, violation: error.message };
  }
  return undefined;
}

function checkElement(element: XmlElement, declared: string): void {
  const substitute = element.attributes.get("xsi:type");
  const type = substitute === undefined ? declared : substitutedType(element, substitute, declared);
  if (element.attributes.has("xsi:nil")) throw new Violation(element, `The element '${element.name}' cannot be nil.`);
  const facts = grammar.types.get(type);
  if (facts?.kind === "complex") {
    if (facts.open) return;
    checkAttributes(element, facts);
    if (facts.text === undefined) checkContent(element, facts);
    else checkText(element, facts.text);
    return;
  }
  for (const name of element.attributes.keys()) if (!isFree(name)) throw unknownAttribute(element, name);
  checkText(element, type);
}

/** Returns the type that xsi:type names. It must be the declared type or derived from it; the table keeps no lineage, so any known name passes. */
function substitutedType(element: XmlElement, qualified: string, declared: string): string {
  const name = qualified.slice(qualified.indexOf(":") + 1);
  const found = [`m.${name}`, name, name.replace(/Type$/, ""), `m.${name.replace(/Type$/, "")}`].find((one) => grammar.types.has(one));
  if (found === undefined && !/^[a-z]/.test(declared)) throw new Violation(element, `This is an invalid xsi:type '${excerpt(qualified)}'.`);
  return found ?? declared;
}

const isFree = (attribute: string): boolean =>
  attribute === "xsi:type" || attribute === "xsi:schemaLocation" || attribute === "xsi:noNamespaceSchemaLocation";

function unknownAttribute(element: XmlElement, name: string): Violation {
  return new Violation(element, `The '${excerpt(name)}' attribute is not declared.`);
}

function checkAttributes(element: XmlElement, type: ComplexType): void {
  for (const [name, value] of element.attributes) {
    const rule = type.attributes.get(name);
    if (rule === undefined) {
      if (isFree(name)) continue;
      throw unknownAttribute(element, name);
    }
    const problem = simpleProblem(grammar, rule.type, value);
    if (problem === undefined) continue;
    const datatype = `${typesNamespace}:${rule.type}`;
    throw new Violation(
      element,
      `The '${name}' attribute is invalid - The value '${excerpt(value)}' is invalid according to its datatype '${datatype}' - ${problem}`,
    );
  }
  for (const [name, rule] of type.attributes) {
    if (rule.required && !element.attributes.has(name)) throw new Violation(element, `The required attribute '${name}' is missing.`);
  }
}

function checkText(element: XmlElement, type: string): void {
  const child = element.children[0];
  if (child !== undefined)
    throw new Violation(
      child,
      `The element '${element.name}' cannot contain child element '${child.name}' because its content is text only.`,
    );
  const problem = simpleProblem(grammar, type, element.text);
  if (problem === undefined) return;
  throw new Violation(
    element,
    `The '${element.name}' element is invalid - The value '${excerpt(element.text)}' is invalid according to its datatype '${type}' - ${problem}`,
  );
}

function checkContent(element: XmlElement, type: ComplexType): void {
  // An empty element must not contain white space either.
  const text = type.content.first.size === 0 ? element.text : element.text.trim();
  if (text !== "") throw new Violation(element, `The element '${element.name}' cannot contain text.`);
  const children = element.children;
  let at = 0;
  const begins = (particle: Particle): boolean => {
    const child = children[at];
    return child !== undefined && particle.first.has(key(child.ns, child.name));
  };
  const refuse = (particle: Particle): Violation => {
    const expected = [...particle.first].slice(0, 5).map((name) => `'${name.slice(name.indexOf(" ") + 1)}'`);
    const child = children[at];
    return child === undefined
      ? new Violation(
          element,
          `The element '${element.name}' in namespace '${element.ns}' has incomplete content. List of possible elements expected: ${expected.join(", ")}.`,
        )
      : new Violation(
          child,
          `The element '${element.name}' in namespace '${element.ns}' has invalid child element '${child.name}' in namespace '${child.ns}'.`,
        );
  };
  // The schema is deterministic: the name of the next element always says which particle it belongs to.
  const match = (particle: Particle): void => {
    let count = 0;
    while (count < particle.max && begins(particle)) {
      if (particle.kind === "element") {
        const child = children[at];
        at += 1;
        if (child !== undefined) checkElement(child, particle.type);
      } else if (particle.kind === "sequence") for (const part of particle.parts) match(part);
      else for (const part of particle.parts.filter(begins).slice(0, 1)) match(part);
      count += 1;
    }
    if (count < particle.min && !particle.nullable) throw refuse(particle);
  };
  match(type.content);
  if (children[at] !== undefined) throw refuse(type.content);
}
