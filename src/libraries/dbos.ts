// src/libraries/: One file per library that only some calls need; each is imported late and names what it exports.

/** Durable workflows over PostgreSQL. */
export { DBOS } from "@dbos-inc/dbos-sdk";
