import { readFileSync } from "node:fs";
import { validateXML } from "xmllint-wasm";
import { absent, shared } from "./shared.ts";

const schemaFolder = "ews-schema/se-15.2.2562.17";

/** Why requests cannot be checked here, or undefined. */
export const schemaMissing = absent(schemaFolder);

/** Appended to a title, so that a skipped test says why. */
export const becauseSchema = schemaMissing === undefined ? "" : ` (skipped: ${schemaMissing})`;

/** Returns the errors of these documents according to Microsoft's schema of Exchange SE, with the key of each document. */
export async function schemaErrors(documents: Readonly<Record<string, string>>): Promise<string[]> {
  const names = Object.keys(documents);
  const result = await validateXML({
    xml: names.map((name, index) => ({ fileName: `${index}.xml`, contents: documents[name] ?? "" })),
    schema: [schemaFile("ews-all.xsd")],
    preload: ["xml.xsd", "soap11.xsd", "types.xsd", "messages.xsd"].map(schemaFile),
  });
  return result.errors.map(({ message, loc }) => `${names[Number.parseInt(loc?.fileName ?? "", 10)] ?? "?"}: ${message}`);
}

/** Leaves out the part for Autodiscover, which has another location. */
function schemaFile(fileName: string) {
  const contents = readFileSync(shared(`${schemaFolder}/${fileName}`), "utf8");
  return { fileName, contents: contents.replace(/<xs:import[^>]*autodiscover[^>]*>/i, "") };
}
