/** Parses MIME for what Exchange does not parse for us. */
export { default as PostalMime } from "postal-mime";
