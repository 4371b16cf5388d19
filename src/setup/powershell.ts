/** PowerShell that is made of names of ours and of values of others: a value cannot leave its quotes, whatever is in it. */

/** A value of a parameter. */
export type PowerShellValue = string | number | boolean | readonly string[] | PowerShellVariable;

/** An expression that we wrote ourselves, such as `$application.AppId`. */
export interface PowerShellVariable {
  readonly variable: string;
}

/**
 * A text as PowerShell's verbatim string. Besides the apostrophe PowerShell takes four typographic quotes for one, and each is doubled. A line
 * break would stay in the string, but what is shown line by line must not hide a second line: it is refused.
 * @see https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_quoting_rules
 * @throws RangeError for a control character or half a surrogate pair
 */
export function quoted(text: string): string {
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)) throw new RangeError("A value for PowerShell must not hold control characters.");
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** One command with its parameters, in the order given; `true` and `false` are `$true` and `$false`, a switch is `switchOn`. */
export function command(name: string, parameters: Readonly<Record<string, PowerShellValue | typeof switchOn | undefined>> = {}): string {
  const written = Object.entries(parameters).flatMap(([parameter, value]) => {
    if (value === undefined) return [];
    return value === switchOn ? [`-${parameter}`] : [`-${parameter} ${valueText(value)}`];
  });
  return [name, ...written].join(" ");
}

/** A parameter that stands alone. */
export const switchOn: unique symbol = Symbol("on");

function valueText(value: PowerShellValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "boolean") return value ? "$true" : "$false";
  if (typeof value === "number") return String(value);
  return "variable" in value ? value.variable : value.map(quoted).join(",");
}
