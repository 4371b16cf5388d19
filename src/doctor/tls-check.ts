import { X509Certificate } from "node:crypto";
import type { ClientRequest } from "node:http";
import { TLSSocket } from "node:tls";
import { asFailure, errorCode, Failure } from "../failure.ts";
import { openTransport } from "../wire/http/http-transport.ts";
import { lifetimeOf } from "./certificate-lifetime.ts";
import { type Checkup, connectionOf, type Finding, type Step } from "./checkup.ts";
import { connectLimit, fieldOf, networkSettingsOf, proxyOf, urlOf } from "./connection-facts.ts";

/** In days. A certificate that expires sooner is reported, since ordering one takes some working days. */
const warningDays = 30;

/** Checks the server's certificate chain, its name and its validity. Sends nothing over the connection. */
export const tls: Step = {
  name: "tls",
  needs: ["tcp"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    const url = urlOf(checkup);
    if (url.protocol !== "https:") return { status: "skipped", tried: "checked the URL", found: "plain http on this machine: no TLS" };
    const tried = `opened a TLS connection to ${url.host}`;
    const { network } = connection;
    try {
      const { ca, tls: requested } = await networkSettingsOf(checkup);
      const connectMs = connectLimit(connection);
      // Accept any certificate in order to show it; nothing is sent over this connection.
      const transport = await openTransport("https:", proxyOf(connection, url), {
        maxConnections: 1,
        connectMs,
        showsCertificate: true,
        tls: { ...requested, ca, verify: false },
      });
      try {
        const shaken = await handshake(transport.request(url, { agent: transport.agent }), connectMs);
        const name = network.tls.serverName ?? url.hostname;
        const judged = judge(shaken, name, checkup);
        return { tried, ...(network.tls.verify ? judged : unverified(judged, fieldOf(checkup, "ca_file"))) };
      } finally {
        transport.agent.destroy();
      }
    } catch (thrown) {
      return { tried, ...refused(thrown, fieldOf(checkup, "url")) };
    }
  },
};

/** Reports tls.verify: false, which accepts every certificate: the problem is the setting, not the certificate. */
function unverified({ found }: Omit<Finding, "tried">, field: string): Omit<Finding, "tried"> {
  return {
    status: "warning",
    found: `tls.verify is false, so anyone between can read the password and change messages. ${found}`,
    next: [`Name the authority as ${field} instead, and remove the setting:`, "tls: { verify: true }"],
  };
}

interface HandshakeResult {
  readonly protocol: string;
  /** Why Node would not trust it; undefined if it would. */
  readonly problem: string | undefined;
  /** From the server's own certificate to the last one received. */
  readonly chain: readonly X509Certificate[];
}

function handshake(request: ClientRequest, ms: number): Promise<HandshakeResult> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => end(() => reject(new Failure("timeout", `The TLS handshake did not finish within ${ms / 1000} s.`))),
      ms,
    );
    const end = (tell: () => void) => {
      clearTimeout(timer);
      tell();
      request.destroy();
    };
    request.once("error", (thrown) => end(() => reject(thrown)));
    request.once("socket", (socket) => {
      if (!(socket instanceof TLSSocket)) return end(() => reject(new Failure("internal", "A secure connection without TLS.")));
      socket.once("secureConnect", () =>
        end(() =>
          resolve({
            protocol: socket.getProtocol() ?? "TLS",
            problem: socket.authorized ? undefined : String(socket.authorizationError),
            chain: chainOf(socket),
          }),
        ),
      );
    });
  });
}

function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let at: { readonly raw?: Buffer; readonly issuerCertificate?: object } | undefined = socket.getPeerCertificate(true);
  const seen = new Set<object>();
  while (at?.raw !== undefined && !seen.has(at)) {
    seen.add(at);
    chain.push(new X509Certificate(at.raw));
    at = at.issuerCertificate;
  }
  return chain;
}

function judge({ protocol, problem, chain }: HandshakeResult, name: string, checkup: Checkup): Omit<Finding, "tried"> {
  const [own] = chain;
  if (own === undefined) return { status: "failed", code: "tls-failed", found: `${protocol} without a certificate` };
  const last = chain.at(-1) ?? own;
  const { days, when } = lifetimeOf(own, checkup.now());
  const names = own.subjectAltName ?? "none";
  const about = `${protocol}; certificate of ${short(own.subject)}, names ${names}, signed by ${short(own.issuer)}, valid until ${new Date(own.validTo).toISOString().slice(0, 10)} (${when})`;
  const bad = (found: string, next: readonly string[]): Omit<Finding, "tried"> => ({
    status: "failed",
    code: "tls-failed",
    found: `${found}. ${about}`,
    next,
  });
  if (days < 0 || problem === "CERT_HAS_EXPIRED") {
    if (checkup.backEnd === "graph") return bad("The certificate has expired", between);
    return bad("The certificate has expired", [
      "Renew the certificate on the server and bind it to IIS. An expired authority in the chain or a wrong clock here can also be the cause:",
      "Get-ExchangeCertificate | Format-List Subject,CertificateDomains,NotAfter,Services,Thumbprint",
      "Enable-ExchangeCertificate -Thumbprint '<thumbprint of the new one>' -Services IIS",
    ]);
  }
  switch (problem) {
    case undefined:
      break;
    case "CERT_NOT_YET_VALID":
      return bad("The certificate is not valid yet", ["Check this machine's clock; if it is right, the server has the wrong certificate."]);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
      return bad(`The certificate is not for ${name}`, [
        ...(checkup.backEnd === "graph"
          ? between
          : [
              "Use one of the certificate's names in ews.url (or as tls.server_name if the URL must not change), or have a certificate for this name bound to IIS.",
            ]),
      ]);
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return bad("The authority that signed the certificate is not known here", [
        `Save the certificate of the authority (${short(last.issuer)}) as PEM and name it in the settings; get it from your PKI, not from this connection:`,
        `${checkup.backEnd}: { ca_file: /etc/ssl/private-ca.pem }`,
      ]);
    default:
      return bad(`The certificate is not trusted (${problem})`, ["Have the server's certificate checked."]);
  }
  // Microsoft renews its own certificates automatically.
  if (days < warningDays && checkup.backEnd === "ews")
    return { status: "warning", found: `${about}. It expires soon`, next: ["Renew the certificate before it expires."] };
  return { status: "ok", found: about };
}

const between: readonly string[] = [
  "This certificate is not Microsoft's: a TLS-inspecting proxy in between presents its own, or this machine's clock is wrong.",
  "Ask the network's administrator to exempt this host from TLS inspection.",
];

/** Returns `CN=mail.example.com\nO=…` as one line. */
function short(name: string): string {
  return name.split("\n").join(", ");
}

function refused(thrown: unknown, field: string): Omit<Finding, "tried"> {
  if (thrown instanceof Failure) return { status: "failed", code: thrown.code, found: thrown.message, next: [thrown.hint] };
  const code = errorCode(thrown) ?? "";
  if (/^(?:EPROTO|ERR_SSL)/.test(code)) {
    return {
      status: "failed",
      code: "tls-failed",
      found: `it does not speak TLS as we do, or not at all (${code})`,
      next: [`Check the port in ${field}; the server must offer TLS 1.2 or newer.`],
    };
  }
  return { status: "failed", code: "unreachable", found: code === "" ? asFailure(thrown).message : `the connection was lost (${code})` };
}
