import { Failure } from "../../failure.ts";
import type { ConnectionScheme } from "./connection-sign-in.ts";

/** The used part of the npm package `kerberos` (https://github.com/mongodb-js/kerberos), which users install if they need it. */
interface KerberosPackage {
  initializeClient(service: string, options: { readonly mechOID: number }): Promise<KerberosClient>;
  readonly GSS_MECH_OID_SPNEGO: number;
}

interface KerberosClient {
  step(challenge: string): Promise<string | null>;
}

/** Returns the package; undefined if it is not installed or does not run here. Only tests set `name`. */
export async function loadKerberos(name = "kerberos"): Promise<KerberosPackage | undefined> {
  try {
    const loaded: unknown = await import(name);
    return [loaded, property(loaded, "default")].find(isKerberos);
  } catch (thrown) {
    // Not installed, or built for another version of Node: the caller reports that it is missing.
    if (thrown instanceof Error) return undefined;
    throw thrown;
  }
}

function property(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}

function isKerberos(loaded: unknown): loaded is KerberosPackage {
  return typeof property(loaded, "initializeClient") === "function" && typeof property(loaded, "GSS_MECH_OID_SPNEGO") === "number";
}

/** Returns the failure for a server that requires Kerberos when the package is missing. */
export function withoutKerberos(host: string): Failure {
  return new Failure("unauthenticated", `${host} requires Kerberos (Negotiate), but the npm package kerberos is not installed.`, {
    hint: "Install it where mailcordon is installed (npm install kerberos), and get a ticket with kinit. NTLM and Basic need no package.",
  });
}

/**
 * Negotiate (RFC 4559) with the ticket of the user who runs this process. The service is `HTTP@host`. Extended Protection is not supported: the
 * package cannot bind to a channel.
 */
export function kerberosScheme(kerberos: KerberosPackage): ConnectionScheme {
  return {
    name: "Negotiate",
    asksFirst: false,
    begin(url) {
      let client: KerberosClient | undefined;
      const ask = async (challenge: string): Promise<string | undefined> => {
        try {
          client ??= await kerberos.initializeClient(`HTTP@${url.hostname}`, { mechOID: kerberos.GSS_MECH_OID_SPNEGO });
          return (await client.step(challenge)) || undefined;
        } catch (thrown) {
          throw noTicket(url.hostname, thrown);
        }
      };
      const step = async (challenge: string): Promise<string | undefined> => {
        const token = await ask(challenge);
        if (token !== undefined && isNtlm(token)) throw ntlmInstead(url.hostname);
        return token;
      };
      return {
        async first() {
          const message = await step("");
          if (message === undefined) throw noTicket(url.hostname, undefined);
          return message;
        },
        next: (challenge) => step(challenge),
      };
    },
  };
}

/**
 * On Windows, Negotiate falls back to NTLM without a word. Each NTLM message begins with this signature ([MS-NLMP] 2.2.1), bare or inside SPNEGO,
 * which does not encode it.
 */
const ntlmSignature = Buffer.from("NTLMSSP\0", "latin1");

function isNtlm(token: string): boolean {
  return Buffer.from(token, "base64").includes(ntlmSignature);
}

function ntlmInstead(host: string): Failure {
  return new Failure("unauthenticated", `The system offered NTLM instead of a Kerberos ticket for HTTP@${host}. Nothing was sent.`, {
    hint: "Check that this machine reaches a domain controller and that the server's service name is registered (setspn). To use NTLM, set auth.ntlm.",
  });
}

function noTicket(host: string, thrown: unknown): Failure {
  const detail = thrown instanceof Error ? `: ${thrown.message.slice(0, 200)}` : ".";
  return new Failure("unauthenticated", `Kerberos issued no ticket for HTTP@${host}${detail}`, {
    hint: "Get a ticket with kinit (klist shows it), and check that the server's service name is registered (setspn).",
    cause: thrown,
  });
}
