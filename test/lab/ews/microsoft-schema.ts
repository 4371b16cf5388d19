import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { validateXML } from "xmllint-wasm";

// Microsoft's schema and the sample messages are not part of this repository but next to it. Without them, the tests that need them are skipped.

const shared = fileURLToPath(new URL("../../../../shared/", import.meta.url));
const schemaDirectory = `${shared}ews-schema/se-15.2.2562.17/`;
const samplesDirectory = `${shared}ews-samples/`;

export const hasSchema = existsSync(`${schemaDirectory}ews-all.xsd`);
export const hasSamples = existsSync(`${samplesDirectory}INDEX.tsv`);

/** For the title of a test that cannot run. */
export const without = hasSchema ? "" : " (skipped: Microsoft's schema is not in ../shared)";

/** Returns, for each document, the error according to the schema of Exchange SE; undefined if it is valid. */
export async function schemaErrors(documents: readonly string[]): Promise<(string | undefined)[]> {
  const read = (fileName: string): { fileName: string; contents: string } => ({
    fileName,
    contents: readFileSync(schemaDirectory + fileName, "utf8"),
  });
  const driver = read("ews-all.xsd");
  // The driver also imports Autodiscover's schema, which is elsewhere and not needed.
  const contents = driver.contents.replace(/<xs:import [^>]*autodiscover[^>]*\/>/i, "");
  const { errors } = await validateXML({
    xml: documents.map((document, at) => ({ fileName: `${at}.xml`, contents: document })),
    schema: [{ ...driver, contents }],
    preload: ["xml.xsd", "soap11.xsd", "types.xsd", "messages.xsd"].map(read),
    // In pages of 64 KiB: 1 GiB at most.
    maxMemoryPages: 16_384,
  });
  return documents.map((_, at) => errors.find(({ loc }) => loc?.fileName === `${at}.xml`)?.message);
}

export interface Sample {
  readonly file: string;
  readonly operation: string;
  readonly kind: string;
  readonly valid: boolean;
  readonly text: string;
}

/** Returns the sample messages listed in their index; none if they are missing. */
export function samples(): Sample[] {
  if (!hasSamples) return [];
  const present = new Set(readdirSync(samplesDirectory));
  return readFileSync(`${samplesDirectory}INDEX.tsv`, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter(([file]) => file !== undefined && present.has(file))
    .map(([file = "", operation = "", kind = "", , , , , valid]) => ({
      file,
      operation,
      kind,
      valid: valid === "yes",
      text: readFileSync(samplesDirectory + file, "utf8"),
    }));
}
