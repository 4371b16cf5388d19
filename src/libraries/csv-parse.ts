// src/libraries/: One file per library that only some calls need; each is imported late and names what it exports.

/** Reads CSV. */
export { parse } from "csv-parse/sync";
