/** The package has no types. Its shorter call uses Node's own MD4, which OpenSSL 3 no longer has. */
declare module "js-md4" {
  interface Md4 {
    create(): { update(message: Uint8Array): { hex(): string } };
  }
  const md4: Md4;
  export default md4;
}
