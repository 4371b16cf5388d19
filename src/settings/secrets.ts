import { Failure } from "../failure.ts";
import { readOwnFile } from "./read-named-file.ts";

/** A password or a token. Printing it, or writing it in a template or in JSON, shows `[secret]`; only `reveal` returns it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** The location of a secret: the environment variable or the file of that name. */
export interface SecretPlace {
  readonly kind: "env" | "file";
  readonly name: string;
}

/** `env:NAME` or `file:PATH` as a place; undefined for everything else, which may be the secret itself and must not be shown. */
export function parseSecretPlace(text: string): SecretPlace | undefined {
  const found = /^(env|file):([^\r\n]+)$/.exec(text);
  const kind = found?.[1] === "env" ? "env" : "file";
  return found?.[2] === undefined ? undefined : { kind, name: found[2] };
}

/**
 * Returns the secret at this location, without the newline at its end.
 * @param field the name of the setting, for the error
 * @throws Failure `invalid-settings` if there is none, if other users could have written its file, or if it could not be sent as a header (RFC 9110: no
 * control characters)
 */
export function readSecret(place: SecretPlace, field: string, environment: Readonly<Record<string, string | undefined>>): Secret {
  const where = place.kind === "env" ? `the environment variable ${place.name}` : `the file ${place.name}`;
  const found = place.kind === "env" ? environment[place.name] : readOwnFile(place.name, field).toString("utf8");
  const value = found?.replace(/\r?\n$/, "") ?? "";
  if (value === "")
    throw new Failure("invalid-settings", `${field}: ${where} is ${found === undefined ? "not set" : "empty"}. Put the secret there.`);
  if (/[\u0000-\u001f\u007f]/.test(value)) {
    throw new Failure(
      "invalid-settings",
      `${field}: ${where} contains more than one line or a control character. Put only the secret there.`,
    );
  }
  return new Secret(value);
}
