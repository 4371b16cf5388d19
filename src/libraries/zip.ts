/** Writes zip files. */
export { ZipFile } from "yazl";
