import { createServer, type Socket } from "node:net";
import { opened } from "../sign-in/sign-in-stage.ts";

/** A server of bytes: what it answers to each request of a connection, by its number, and then perhaps closes. */
export async function byteServer(answer: (request: string, connection: number) => { readonly bytes: string; readonly close?: boolean }) {
  const requests: string[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = ++connections;
    sockets.add(socket);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      const end = text.indexOf("\r\n\r\n") + 4;
      if (end < 4 || text.length < end + length) return;
      requests.push(text);
      const { bytes, close } = answer(text, connection);
      text = "";
      if (close) socket.end(bytes);
      else socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  const address = server.address();
  return { requests, ewsUrl: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/EWS/Exchange.asmx` };
}
