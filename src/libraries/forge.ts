// src/libraries/: One file per library that only some calls need; each is imported late and names what it exports.

/** Reads PFX files. */
export { default as forge } from "node-forge";
