import type { CertificateFile } from "./client-certificate.ts";
import { type CloudName, clouds } from "./clouds.ts";

/** How the client proves its identity. Secrets are read anew for each token. */
export type EntraCredential =
  | { readonly kind: "client-secret"; readonly secret: () => string }
  | { readonly kind: "certificate"; readonly read: () => CertificateFile }
  /** The token of another issuer, which Kubernetes and build systems write to a file and renew there. */
  | { readonly kind: "federated-token"; readonly read: () => string }
  /** The identity that Azure gives to a machine; without a client id, the machine's own. */
  | { readonly kind: "managed-identity" }
  /** A person signs in on another device, with a code that `progress` shows. */
  | { readonly kind: "device-code" };

/** The authority, application and resource of a token. */
export interface EntraClient {
  readonly cloud: CloudName;
  /** Instead of the cloud's authority: such as `https://login.example.com` or, for AD FS, `https://adfs.example.com/adfs`. */
  readonly authority?: URL | undefined;
  /** Id or verified domain; not needed for a managed identity or AD FS. */
  readonly tenant: string;
  readonly clientId: string;
  /** A resource followed by `/.default`. */
  readonly scope: string;
  readonly credential: EntraCredential;
}

/** Returns the URL of a client's authority, tenant included. Tokens are cached by it. */
export function authorityOf({ cloud, authority, tenant }: EntraClient): URL {
  const root = (authority ?? new URL(`https://${clouds[cloud].login}`)).href.replace(/(?<!\/)\/+$/, "");
  return new URL(isAdfs(new URL(root)) ? root : `${root}/${encodeURIComponent(tenant)}`);
}

/** Returns whether the authority is AD FS, which has one tenant and names itself in its path. */
export function isAdfs(authority: URL): boolean {
  return /^\/adfs\/?$/i.test(authority.pathname);
}
