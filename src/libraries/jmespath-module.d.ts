/** The types of the package name `search` alone. */
declare module "jmespath" {
  /** Returns the syntax tree. Throws Error. */
  export function compile(expression: string): unknown;
  export function search(value: unknown, expression: string): unknown;
}
