/** Builds PowerShell from our own names and the values of others. No value can leave its quotes, whatever it contains. */

/** The value of a parameter. */
export type PowerShellValue = string | number | boolean | readonly string[] | PowerShellVariable;

/** An expression of our own, such as `$application.AppId`. */
export interface PowerShellVariable {
  readonly variable: string;
}

/**
 * Returns a text as PowerShell's verbatim string. PowerShell treats four typographic quotes like the apostrophe, so each is doubled. A line break
 * would stay inside the string, but a list of lines must not hide a second one, so it is refused.
 * @throws RangeError for a control character or half a surrogate pair
 * @see https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_quoting_rules
 */
export function quoted(text: string): string {
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)) throw new RangeError("A value for PowerShell must not hold control characters.");
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** Returns one command with its parameters in the given order; `true` and `false` become `$true` and `$false`, a switch is `switchOn`. */
export function command(name: string, parameters: Readonly<Record<string, PowerShellValue | typeof switchOn | undefined>> = {}): string {
  const written = Object.entries(parameters).flatMap(([parameter, value]) => {
    if (value === undefined) return [];
    return value === switchOn ? [`-${parameter}`] : [`-${parameter} ${valueText(value)}`];
  });
  return [name, ...written].join(" ");
}

/** Marks a parameter without a value. */
export const switchOn: unique symbol = Symbol("on");

function valueText(value: PowerShellValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "boolean") return value ? "$true" : "$false";
  if (typeof value === "number") return String(value);
  return "variable" in value ? value.variable : value.map(quoted).join(",");
}
