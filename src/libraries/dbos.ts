/** Durable workflows over PostgreSQL. */
export { DBOS } from "@dbos-inc/dbos-sdk";
