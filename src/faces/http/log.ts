import { pino } from "pino";
import { escapeJson } from "../../text/harmless-json.ts";
import type { RequestLog } from "./app-context.ts";

/** The log that `mailcordon serve` writes to standard error. */
export interface ServeLog extends RequestLog {
  /** Names the settings file that mailcordon found by itself. */
  settings(path: string): void;
}

/**
 * Opens a log with one JSON document per line; without a stream nothing is written. A terminal that shows it must not obey anything in it: it may
 * contain the subject of a token or a server's text.
 */
export function openLog(stream: { write(text: string): unknown } | undefined): ServeLog {
  const level = stream === undefined ? "silent" : "info";
  const write = (line: string) => void stream?.write(escapeJson(line));
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write });
  return {
    request: (line) => log.info(line, "request"),
    error: (line) => log.error(line, "error"),
    settings: (path) => log.info({ path }, "settings"),
  };
}
