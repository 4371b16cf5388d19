/** One instruction of a Dockerfile; its word in capitals. */
export interface Instruction {
  readonly word: string;
  /** The rest of the instruction, on one line. */
  readonly rest: string;
}

/** One `FROM` and the instructions after it. */
export interface Stage {
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Splits a Dockerfile into stages. Supports only the syntax of ours: no here-documents, no other escape. @see https://docs.docker.com/reference/dockerfile/ */
export function stagesOf(text: string): readonly Stage[] {
  const lines = text.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  const whole = lines
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n");
  const stages: { name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of whole) {
    const [, word = "", rest = ""] = /^\s*([A-Za-z]+)\s+(.*?)\s*$/.exec(line) ?? [];
    if (word.toUpperCase() === "FROM") stages.push({ name: / AS (\S+)$/i.exec(rest)?.[1], instructions: [] });
    else stages.at(-1)?.instructions.push({ word: word.toUpperCase(), rest });
  }
  return stages;
}

/** Returns the arguments of an instruction in its JSON form, `CMD ["a", "b"]`. Throws for the other form, which runs a shell. */
export function wordsOf({ word, rest }: Instruction): readonly string[] {
  const found: unknown = JSON.parse(rest.slice(rest.indexOf("[")));
  if (Array.isArray(found) && found.every((one) => typeof one === "string")) return found;
  throw new Error(`${word} is not in its JSON form: ${rest}`);
}

/** Returns whether .dockerignore excludes a path of the context. Supports only whole names in the root and `*`. @see https://docs.docker.com/build/concepts/context/#dockerignore-files */
export function isIgnored(dockerignore: string, path: string): boolean {
  const top = path.split("/")[0] ?? "";
  let ignored = false;
  for (const line of dockerignore.split("\n")) {
    const pattern = line.trim();
    if (pattern === "" || pattern.startsWith("#")) continue;
    const name = pattern.replace(/^!/, "");
    if (name === "*" || name === top) ignored = !pattern.startsWith("!");
  }
  return ignored;
}
