// Message-IDs and item ids as people paste them: out of a header, a web page, a ticket.

/**
 * Returns the Message-IDs in one text, separated by commas, semicolons, line ends or blanks outside `<…>`. A comma inside a bare id belongs to the
 * id: where other ids have an @, text without one is not an id of its own.
 */
export function messageIdsIn(text: string): string[] {
  const parts = splitIds(unescaped(text.replace(label, " ").trim()));
  if (!parts.some(({ value }) => value.includes("@"))) return parts.map(({ value }) => value);
  const ids: string[] = [];
  /** The part read so far of an id whose local part has commas. */
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

/** Returns one Message-ID without the name of its header and without HTML escapes around it. */
export function messageIdOf(text: string): string {
  return unescaped(text.replace(label, " ").trim());
}

/**
 * Returns why a text cannot be one Message-ID; undefined where it can. `besideId`: the message is also named by an item id and the two are compared,
 * so an id without an @ and without angle brackets, as careless senders write it, is accepted.
 */
export function messageIdProblem(text: string, besideId = false): string | undefined {
  const inner = text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
  if (inner.trim() === "") return "is empty";
  // Angle brackets inside an id are odd, but somebody may have sent them.
  if (/>[,;]?\s+<|>[,;]</.test(inner) || /^<[^<>@]+@[^<>]+></.test(text)) return "contains more than one Message-ID: give each separately";
  // An id in angle brackets has a clear end, and senders do write blanks there.
  if (inner === text && /\s/.test(text)) return "contains a blank: give each Message-ID separately, or in angle brackets";
  if (inner === text && !text.includes("@") && (!besideId || isLikeItemId.test(text))) {
    return "is not a Message-ID, because it has neither an @ nor angle brackets: give an item id in item_id, and a Message-ID without an @ as <…>";
  }
  return undefined;
}

/** Base64 of this length, as EWS and Graph write ids. */
const isLikeItemId = /^[A-Za-z0-9+/_-]{40,}={0,2}$/;

/** Returns the item ids in one text: they are base64 and contain neither blanks nor commas. */
export function itemIdsIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter((part) => part !== "");
}

export function itemIdProblem(text: string): string | undefined {
  if (/[<>@]/.test(text)) return "is not an item id: give a Message-ID in internet_message_id";
  return /[\s,;]/.test(text) ? "contains a blank or a comma, which no item id has: give each id separately" : undefined;
}

const label = /(?:^|(?<=[\s,;]))(?:internet-?)?message-?id[ \t]*[:=]/gi;

/** Undoes HTML escapes around an id: `&lt;…&gt;`, from end to end. Any other text stays as it is. */
function unescaped(text: string): string {
  if (!/^&(?:lt|#60|#x3c);/i.test(text) || !/&(?:gt|#62|#x3e);$/i.test(text)) return text;
  return text
    .replace(/&(?:lt|#60|#x3c);/gi, "<")
    .replace(/&(?:gt|#62|#x3e);/gi, ">")
    .replace(/&amp;/gi, "&");
}

interface Part {
  readonly value: string;
  /** True when only one comma separates this part from the previous one. */
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
    // Another id may begin without anything in between.
    if (char === ">" && text.charAt(at + 1) === "<" && /^<[^<>@]+@[^<>]+>$/.test(value)) end();
  }
  end();
  return parts;
}
