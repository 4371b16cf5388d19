/** Charsets that Node does not know. */
export { default as iconv } from "iconv-lite";
