/** One sign-in scheme that a server offers. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** The single word after the scheme (token68), such as a handshake message. */
  readonly token: string | undefined;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

// RFC 9110: token, token68, quoted-string (5.6.2, 11.2, 5.6.4).
const schemeStart = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[ \t]+(.*))?$/s;
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/;
const parameter = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))$/s;

/** Reads the challenges of `WWW-Authenticate`, several headers joined by commas (RFC 9110 section 11.6.1). Skips invalid ones. */
export function challengesOf(header: string | undefined): Challenge[] {
  const challenges: { scheme: string; token: string | undefined; parameters: Map<string, string> }[] = [];
  for (const piece of piecesOf(header ?? "")) {
    const [, scheme, rest] = schemeStart.exec(piece) ?? [];
    const named = parameterOf(piece);
    if (named !== undefined) challenges.at(-1)?.parameters.set(...named);
    else if (scheme !== undefined) {
      // The padding of a token looks like a parameter without a value.
      const token = rest !== undefined && token68.test(rest) ? rest : undefined;
      const first = rest === undefined || token !== undefined ? undefined : parameterOf(rest);
      challenges.push({ scheme: scheme.toLowerCase(), token, parameters: new Map(first === undefined ? [] : [first]) });
    }
  }
  return challenges;
}

function parameterOf(text: string): [string, string] | undefined {
  const [, name, quoted, plain] = parameter.exec(text) ?? [];
  return name === undefined ? undefined : [name.toLowerCase(), quoted === undefined ? (plain ?? "") : quoted.replace(/\\(.)/gs, "$1")];
}

/** Splits at the commas outside quotes. */
function piecesOf(header: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  let quoted = false;
  for (let at = 0; at < header.length; at++) {
    const character = header.charAt(at);
    if (quoted && character === "\\") {
      piece += character + header.charAt(++at);
      continue;
    }
    if (character === '"') quoted = !quoted;
    if (character === "," && !quoted) {
      pieces.push(piece.trim());
      piece = "";
    } else piece += character;
  }
  return [...pieces, piece.trim()].filter((one) => one !== "");
}
