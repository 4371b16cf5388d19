// Message-IDs and item ids as people paste them: out of a header, a web page, a ticket.

/**
 * The Message-IDs in one text: between commas, semicolons, line ends or blanks that stand outside of `<…>`. A comma inside a bare id belongs to it: what
 * has no @ is no id of its own where others have one.
 */
export function messageIdsIn(text: string): string[] {
  const parts = splitIds(unescaped(text.replace(label, " ").trim()));
  if (!parts.some(({ value }) => value.includes("@"))) return parts.map(({ value }) => value);
  const ids: string[] = [];
  /** Of an id whose local part has commas: what was read of it so far. */
  let begun: string | undefined;
  for (const { value, joined } of parts) {
    const continues = begun !== undefined && joined && !value.startsWith("<");
    if (begun !== undefined && !continues) ids.push(begun);
    const whole = continues ? `${begun},${value}` : value;
    const isWhole = value.includes("@") || value.startsWith("<");
    if (isWhole) ids.push(whole);
    begun = isWhole ? undefined : whole;
  }
  if (begun !== undefined) ids.push(begun);
  return ids;
}

/** One Message-ID as it is meant: without the name of its header, and without the escapes of HTML around it. */
export function messageIdOf(text: string): string {
  return unescaped(text.replace(label, " ").trim());
}

/**
 * Why a text cannot be one Message-ID; undefined where it can. `besideId`: its message is named by an item id as well, so that the two are compared; it may
 * be a sloppy sender's then, without an @ and without angle brackets.
 */
export function messageIdProblem(text: string, besideId = false): string | undefined {
  const inner = text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
  if (inner.trim() === "") return "is empty";
  // Angle brackets inside of an id are odd, and yet what somebody may have sent.
  if (/>[,;]?\s+<|>[,;]</.test(inner) || /^<[^<>@]+@[^<>]+></.test(text)) return "holds more than one Message-ID: give each by itself";
  // In angle brackets it says itself where it ends; senders do write blanks there.
  if (inner === text && /\s/.test(text)) return "holds a blank: give each Message-ID by itself, or in angle brackets";
  if (inner === text && !text.includes("@") && (!besideId || isLikeItemId.test(text))) {
    return "is no Message-ID, since it has neither an @ nor angle brackets: an item id belongs into item_id; a Message-ID without an @ is written as <…>";
  }
  return undefined;
}

/** Base64 of so many characters, as EWS and Graph write it. */
const isLikeItemId = /^[A-Za-z0-9+/_-]{40,}={0,2}$/;

/** The item ids in one text: they are base64, and hold neither blanks nor commas. */
export function itemIdsIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter((part) => part !== "");
}

export function itemIdProblem(text: string): string | undefined {
  if (/[<>@]/.test(text)) return "is no item id: a Message-ID belongs into internet_message_id";
  return /[\s,;]/.test(text) ? "holds a blank or a comma, as no item id does: give each by itself" : undefined;
}

const label = /(?:^|(?<=[\s,;]))(?:internet-?)?message-?id[ \t]*[:=]/gi;

/** Out of HTML: `&lt;…&gt;`, from end to end. Any other text is what it says. */
function unescaped(text: string): string {
  if (!/^&(?:lt|#60|#x3c);/i.test(text) || !/&(?:gt|#62|#x3e);$/i.test(text)) return text;
  return text
    .replace(/&(?:lt|#60|#x3c);/gi, "<")
    .replace(/&(?:gt|#62|#x3e);/gi, ">")
    .replace(/&amp;/gi, "&");
}

interface Part {
  readonly value: string;
  /** Nothing but one comma stands between it and the part before. */
  readonly joined: boolean;
}

function splitIds(text: string): Part[] {
  const parts: Part[] = [];
  const lastAngle = text.lastIndexOf(">");
  let value = "";
  let between = "";
  let isInside = false;
  const end = () => {
    if (value === "") return;
    parts.push({ value, joined: between === "," });
    value = "";
    between = "";
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (!isInside && /[\s,;]/.test(char)) {
      end();
      between += char;
      continue;
    }
    if (char === "<" && at < lastAngle) isInside = true;
    else if (char === ">") isInside = false;
    value += char;
    // Without anything between them, too, another one begins.
    if (char === ">" && text.charAt(at + 1) === "<" && /^<[^<>@]+@[^<>]+>$/.test(value)) end();
  }
  end();
  return parts;
}
