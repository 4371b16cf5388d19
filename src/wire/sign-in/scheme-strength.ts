/** Sign-in schemes, the weakest first: Basic reveals the password, NTLM allows it to be guessed, a ticket or a token does neither. */
export const strengths = ["basic", "ntlm", "kerberos", "oauth"] as const;
export type Strength = (typeof strengths)[number];

const strengthOfScheme: ReadonlyMap<string, Strength> = new Map([
  ["basic", "basic"],
  ["ntlm", "ntlm"],
  ["negotiate", "kerberos"],
  ["bearer", "oauth"],
]);

/** Returns whether a scheme is at least as strong as `atLeast`. */
export function isStrongEnough(way: Strength, atLeast: Strength): boolean {
  return strengths.indexOf(way) >= strengths.indexOf(atLeast);
}

/** Returns whether a scheme, in lower case as a server offers it, is weaker than `atLeast`. An unknown scheme is not. */
export function isWeaker(scheme: string, atLeast: Strength): boolean {
  const way = strengthOfScheme.get(scheme);
  return way !== undefined && !isStrongEnough(way, atLeast);
}
