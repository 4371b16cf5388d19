/** Reads PFX files. */
export { default as forge } from "node-forge";
