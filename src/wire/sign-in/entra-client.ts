import type { CertificateFile } from "./client-certificate.ts";
import { type CloudName, clouds } from "./clouds.ts";

/** How the client proves who it is. Secrets are read when a token is fetched, each time anew. */
export type EntraCredential =
  | { readonly kind: "client-secret"; readonly secret: () => string }
  | { readonly kind: "certificate"; readonly read: () => CertificateFile }
  /** The token of another issuer, as Kubernetes and build systems put it into a file and renew it there. */
  | { readonly kind: "federated-token"; readonly read: () => string }
  /** The identity that Azure gives to a machine; without a client id, the machine's own. */
  | { readonly kind: "managed-identity" }
  /** A person signs in elsewhere, with a code that `progress` shows. */
  | { readonly kind: "device-code" };

/** At which authority, for which application and resource a token is fetched. */
export interface EntraClient {
  readonly cloud: CloudName;
  /** Instead of the cloud's: such as `https://login.example.com` or, for AD FS, `https://adfs.example.com/adfs`. */
  readonly authority?: URL | undefined;
  /** Id or verified domain; not needed by a managed identity or AD FS. */
  readonly tenant: string;
  readonly clientId: string;
  /** A resource and `/.default`. */
  readonly scope: string;
  readonly credential: EntraCredential;
}

/** The URL of a client's authority, tenant included: what tokens are kept apart by. */
export function authorityOf({ cloud, authority, tenant }: EntraClient): URL {
  const root = (authority ?? new URL(`https://${clouds[cloud].login}`)).href.replace(/(?<!\/)\/+$/, "");
  return new URL(isAdfs(new URL(root)) ? root : `${root}/${encodeURIComponent(tenant)}`);
}

/** AD FS has one tenant, and says so in its path. */
export function isAdfs(authority: URL): boolean {
  return /^\/adfs\/?$/i.test(authority.pathname);
}
