import { Failure } from "../failure.ts";
import { readFileSetting, readOwnFile } from "./read-named-file.ts";
import type { SettingsPath } from "./settings-paths.ts";

export type YamlTree = Record<string, unknown>;

/**
 * Returns the content of a settings file, unchecked.
 * @throws Failure `invalid-settings` with line and column of a YAML error, or if other users could have written a file that nobody named
 */
export async function readYaml({ path, isFound }: SettingsPath): Promise<YamlTree> {
  const { LineCounter, parseDocument } = await import("../libraries/yaml.ts");
  const lines = new LineCounter();
  const document = parseDocument((isFound ? readOwnFile(path, path) : readFileSetting(path, "settings file")).toString("utf8"), {
    prettyErrors: false,
    lineCounter: lines,
  });
  const error = document.errors[0];
  if (error !== undefined) {
    // The library's message quotes the line, which may contain a secret.
    const { line, col } = lines.linePos(error.pos[0]);
    throw new Failure("invalid-settings", `${path}, line ${line}, column ${col}: this is not YAML (${error.code}).`);
  }
  const value = toValue(document, path) ?? {};
  if (isTree(value)) return value;
  throw new Failure("invalid-settings", `${path}: put \`connections:\` with at least one named connection.`);
}

/** Converts the document to a value. The library refuses aliases that expand too much. */
function toValue(document: { toJS(): unknown }, path: string): unknown {
  try {
    return document.toJS();
  } catch (thrown) {
    if (thrown instanceof ReferenceError)
      throw new Failure("invalid-settings", `${path}: its aliases (*name) cannot be resolved.`, { cause: thrown });
    throw thrown;
  }
}

export function isTree(value: unknown): value is YamlTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
