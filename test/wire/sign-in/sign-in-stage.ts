import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach } from "vitest";
import { Failure } from "../../../src/failure.ts";
import type { Lab, LabOptions } from "../../../src/lab/lab.ts";
import type { Http } from "../../../src/wire/http/client-interface.ts";
import { type HttpOptions, openHttp } from "../../../src/wire/http/http-client.ts";
import { type SignIn, withSignIn } from "../../../src/wire/sign-in/authenticate.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { envelope, startSmallLab } from "../../lab/ews/soap-client.ts";

const timeouts = { connectMs: 5_000, replyMs: 5_000, idleMs: 5_000 };
/** Closed after each test, the last first. */
export const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

export async function startLab(options: LabOptions): Promise<Lab> {
  const lab = await startSmallLab(options);
  opened.push(lab);
  return lab;
}

export function client(signIn: SignIn, maxConnections = 4, more: Partial<HttpOptions> = {}): Http {
  const http = withSignIn(openHttp({ ca: testCertificate.cert, timeouts, maxConnections, ...more }), signIn, maxConnections);
  opened.push(http);
  return http;
}

const inbox = envelope(
  '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>',
);

function body(text: string) {
  const bytes = Buffer.from(text);
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}

/** A way to the lab that can be cut. */
export async function wayTo(lab: Lab): Promise<{ readonly ewsUrl: string; cut(): void }> {
  const sockets = new Set<Socket>();
  const { port, protocol } = new URL(lab.ewsUrl);
  const way = createTcpServer((incoming) => {
    const outgoing = connect(Number(port), "127.0.0.1");
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  opened.push({
    close() {
      cut();
      return new Promise((resolve) => way.close(resolve));
    },
  });
  const address = way.address();
  return { ewsUrl: `${protocol}//127.0.0.1:${typeof address === "object" ? address?.port : 0}/EWS/Exchange.asmx`, cut };
}

/** Asks for the inbox; the status of the answer, whose body is read. */
export async function ask(http: Http, lab: Pick<Lab, "ewsUrl">, signal?: AbortSignal): Promise<number> {
  const response = await http.send({
    url: new URL(lab.ewsUrl),
    method: "POST",
    headers: { "Content-Type": "text/xml; charset=utf-8" },
    body: body(inbox),
    signal,
  });
  await response.text(1_000_000);
  return response.status;
}

/** The Failure, as a value. */
export const outcome = (work: Promise<unknown>) => work.catch((thrown) => (thrown instanceof Failure ? thrown : Promise.reject(thrown)));
/** What the lab saw: method, status, what came of the credentials, and whether there was a body. */
export const seen = (lab: Lab) =>
  lab.requests.map(({ method, status, signIn, bytesIn }) => [method, status, signIn, bytesIn > 0 ? "body" : "empty"]);
export const ntlm = (password = "anna-secret"): SignIn => ({ kind: "ntlm", username: "EXAMPLE\\anna", password });
