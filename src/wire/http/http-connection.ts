import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** One connection to a server, for schemes that sign in a connection (NTLM, Negotiate). */
export interface HttpConnection {
  /** False once either side has closed it. */
  readonly isOpen: boolean;
  /** The server's certificate (DER); undefined without TLS. */
  readonly certificate: Uint8Array | undefined;
}

const known = new WeakMap<Socket, HttpConnection>();

/** Returns the connection of a socket: always the same object for the same socket. */
export function connectionOf(socket: Socket): HttpConnection {
  const connection = known.get(socket) ?? {
    get isOpen() {
      return socket.readyState === "open";
    },
    get certificate() {
      return isSecure(socket) ? socket.getPeerX509Certificate()?.raw : undefined;
    },
  };
  known.set(socket, connection);
  return connection;
}

function isSecure(socket: Socket): socket is TLSSocket {
  return "encrypted" in socket;
}
