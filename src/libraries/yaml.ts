export { LineCounter, parseDocument, stringify } from "yaml";
