/** Ways to sign in, the weakest first: Basic shows the password itself, NTLM what it can be guessed from, a ticket or a token neither. */
export const strengths = ["basic", "ntlm", "kerberos", "oauth"] as const;
export type Strength = (typeof strengths)[number];

const strengthOfScheme: ReadonlyMap<string, Strength> = new Map([
  ["basic", "basic"],
  ["ntlm", "ntlm"],
  ["negotiate", "kerberos"],
  ["bearer", "oauth"],
]);

/** Whether a way is none of those below the floor. */
export function isStrongEnough(way: Strength, atLeast: Strength): boolean {
  return strengths.indexOf(way) >= strengths.indexOf(atLeast);
}

/** Whether a scheme, as a server offers it in lower case, is below the floor. One that we do not know is not. */
export function isWeaker(scheme: string, atLeast: Strength): boolean {
  const way = strengthOfScheme.get(scheme);
  return way !== undefined && !isStrongEnough(way, atLeast);
}
