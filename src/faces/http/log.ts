import { pino } from "pino";
import { escapeJson } from "../../text/harmless-json.ts";
import type { RequestLog } from "./app-context.ts";

/** What `mailcordon serve` writes to standard error. */
export interface ServeLog extends RequestLog {
  /** Names the settings file that mailcordon found by itself. */
  settings(path: string): void;
}

/**
 * One JSON document for each line, to nowhere when there is no stream. A terminal that shows it obeys nothing in it: the subject of a token, or what a
 * server said of a failure, may stand there.
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
