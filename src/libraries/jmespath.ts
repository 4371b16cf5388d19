/** Selects parts of a JSON value (https://jmespath.org/specification.html). `compile` throws an Error for an expression that is none. */
export { compile, search } from "jmespath";
