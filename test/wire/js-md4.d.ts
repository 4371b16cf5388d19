/** The package has no types. */
declare module "js-md4" {
  /** Hexadecimal. */
  export default function md4(message: Uint8Array): string;
}
