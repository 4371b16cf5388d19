/** Regular expressions in linear time. */
export { RE2JS, RE2JSException } from "re2js";
