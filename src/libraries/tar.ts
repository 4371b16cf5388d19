/** Archives that have the same bytes on every machine. */
export { gzipSync } from "fflate";
export { packTar } from "modern-tar";
