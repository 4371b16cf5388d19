import { randomUUID } from "node:crypto";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { isLoopbackHost } from "../http/callers/client-network.ts";

/** A client that is silent for this long must begin again: its open questions are too old by then. */
const idleMs = 30 * 60 * 1000;
/** Maximum number of sessions of one caller; an agent needs one. The session that was silent longest is dropped. */
const mostOfCaller = 20;

interface Session {
  readonly caller: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: McpServer;
  used: number;
}

/** MCP over streamable HTTP: one server for each session, and a session belongs to the caller that began it. */
export interface Sessions {
  /**
   * Answers one request of `/mcp`.
   * @param caller who it is, as its key or token says
   * @param serve makes the server of a new session
   * @param message the body, where it was read and parsed before
   * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
   */
  handle(request: Request, caller: string, serve: () => Promise<McpServer>, message?: object): Promise<Response>;
  /** Ends the sessions of these callers, with all that they still hear. */
  endOf(isMeant: (caller: string) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** @param publicUrl where we are reached, as the settings say; empty when they do not */
export function openSessions(publicUrl = "", now: () => number = Date.now): Sessions {
  const sessions = new Map<string, Session>();

  async function end(id: string): Promise<void> {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.server.close();
  }

  async function endOf(isMeant: (caller: string) => boolean): Promise<void> {
    const meant = [...sessions].filter(([, { caller }]) => isMeant(caller));
    await Promise.all(meant.map(([id]) => end(id)));
  }

  async function makeRoom(caller: string): Promise<void> {
    for (const [id, { used }] of sessions) if (now() - used > idleMs) await end(id);
    const own = [...sessions].filter(([, session]) => session.caller === caller).sort(([, a], [, b]) => a.used - b.used);
    for (const [id] of own.slice(0, Math.max(0, own.length + 1 - mostOfCaller))) await end(id);
  }

  return {
    handle: async (request, caller, serve, message) => {
      // A page in a browser may not call the server in its user's name, whatever key it has found.
      if (!isOwnOrigin(request, publicUrl)) return refusal(403, "Requests from web pages are refused.");
      const id = request.headers.get("mcp-session-id");
      const session = id === null ? undefined : sessions.get(id);
      if (id !== null && (session === undefined || session.caller !== caller))
        return refusal(404, "There is no such session: initialize again.");
      if (session !== undefined) {
        session.used = now();
        return await session.transport.handleRequest(request, { parsedBody: message });
      }
      await makeRoom(caller);
      const server = await serve();
      const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (made) => void sessions.set(made, { caller, transport, server, used: now() }),
        onsessionclosed: end,
      });
      await server.connect(transport);
      const response = await transport.handleRequest(request, { parsedBody: message });
      // The request was not an initialization, so no client will use this transport again.
      if (transport.sessionId === undefined) await server.close();
      return response;
    },
    endOf,
    close: () => endOf(() => true),
  };
}

/**
 * Programs send no Origin. One that is the Host of the request says nothing: a name of the page's own may have been made to lead to this machine
 * (DNS rebinding), so it has to be the address that the settings name, or one of this machine.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
 */
function isOwnOrigin({ headers, url }: Request, publicUrl: string): boolean {
  const origin = headers.get("origin");
  if (origin === null || (publicUrl !== "" && origin === new URL(publicUrl).origin)) return true;
  const requested = new URL(url);
  return origin === requested.origin && isLoopbackHost(requested.hostname);
}

/** An error as the protocol has it: https://www.jsonrpc.org/specification#error_object, a code of our own range. */
export function refusal(status: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null }, { status });
}
