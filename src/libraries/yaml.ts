export { Document, LineCounter, parseDocument, stringify, visit } from "yaml";
