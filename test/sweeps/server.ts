import { PassThrough } from "node:stream";
import { runKeys } from "../../src/commands/keys-command.ts";
import { runServe } from "../../src/commands/serve-command.ts";
import type { Screen } from "../../src/faces/cli/screen.ts";
import { openapi } from "../../src/faces/openapi.ts";
import { type HeldDescription, openDescription } from "../faces/http/described.ts";
import type { SweepFixture } from "./sweep-fixture.ts";

/** What a path answered. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the document of any path
  readonly body: any;
  readonly text: string;
}

/** `mailcordon serve` over the lab and the database of a fixture. */
export interface SweepServer {
  readonly url: string;
  /** Every reply was held to it. */
  readonly description: HeldDescription;
  /** Creates an API key and returns it. */
  key(...flags: readonly string[]): Promise<string>;
  ask(key: string, method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  close(): Promise<void>;
}

export async function openSweepServer(fixture: SweepFixture): Promise<SweepServer> {
  const run = async (work: (screen: Screen) => Promise<number>) => {
    let out = "";
    const screen: Screen = {
      stdin: new PassThrough(),
      stdout: { write: (text) => (out += text) },
      stderr: { write: () => true },
      signal: new AbortController().signal,
    };
    await work(screen);
    return JSON.parse(out);
  };
  const stop = new AbortController();
  let told: ((url: string) => void) | undefined;
  const begun = new Promise<string>((resolve) => {
    told = resolve;
  });
  const screen: Screen = {
    stdin: new PassThrough(),
    stdout: { write: (text) => told?.(JSON.parse(text).url) },
    stderr: { write: () => true },
    signal: stop.signal,
  };
  const ended = runServe(["--port", "0", "--config", fixture.config], screen, "1.0.0");
  const url = await Promise.race([begun, ended.then(() => Promise.reject(new Error("it ended")))]);
  const description = openDescription(openapi([], { version: "1.0.0" }));
  return {
    url,
    description,
    key: async (...flags) => (await run((one) => runKeys(["add", "--name", "somebody", ...flags, "--config", fixture.config], one))).key,
    async ask(key, method, path, body, headers = {}) {
      const type = body === undefined ? {} : { "content-type": "application/json" };
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, ...type, ...headers },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await response.text();
      const json = text.startsWith("{") ? JSON.parse(text) : undefined;
      if (method !== "PUT") description.hold(method, path, { status: response.status, headers: response.headers, text, json: json ?? {} });
      return { status: response.status, headers: response.headers, text, body: json };
    },
    async close() {
      stop.abort();
      await ended;
    },
  };
}
