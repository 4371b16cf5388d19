import { Failure, type FailureCode } from "../../failure.ts";

/** Details of the sign-in, for the message. */
export interface SignInDetails {
  /** Host of the authority. */
  readonly host: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly scope: string;
}

/** Entra's reply to a token request that it refuses (RFC 6749, 5.2, and Entra's own fields). */
export interface EntraError {
  readonly error: string;
  /** Numbers of AADSTS codes, the most specific first. */
  readonly codes: readonly number[];
  readonly correlationId: string | undefined;
}

interface ErrorMeaning {
  readonly code?: FailureCode;
  readonly words: (about: SignInDetails) => string;
  readonly hint: (about: SignInDetails) => string;
}

const registration = (clientId: string): string => `In the Entra admin center open App registrations, the application ${clientId}`;
const federated = ({ clientId }: SignInDetails): string =>
  `${registration(clientId)}, Certificates & secrets, Federated credentials: issuer, subject and audience must be those in the token of the file.`;
const signInAgain = (): string => "Sign in again: run the command where a person can answer the device code.";

/** The meaning of the common codes, and the next step. @see https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes */
const meanings: Readonly<Record<number, ErrorMeaning>> = {
  7000215: {
    words: () => "the client secret is wrong",
    hint: ({ clientId }) =>
      `${registration(clientId)}, Certificates & secrets. Use the secret's Value, which is shown only when it is created, not its Secret ID.`,
  },
  7000222: {
    words: () => "the client secret has expired",
    hint: ({ clientId }) =>
      `${registration(clientId)}, Certificates & secrets: create a new client secret and use its Value in the settings.`,
  },
  700016: {
    words: ({ clientId, tenant }) => `the application ${clientId} is not known in the tenant ${tenant}`,
    hint: () => "Check client_id and tenant: the application's Overview page shows both. In another tenant it needs admin consent first.",
  },
  7000112: {
    words: ({ clientId }) => `the application ${clientId} is disabled`,
    hint: () => "In the Entra admin center open Enterprise applications, the application, Properties: enable sign-in.",
  },
  90002: {
    words: ({ tenant }) => `there is no tenant ${tenant}`,
    hint: () => "Check tenant (its id or a verified domain) and cloud: only its own cloud knows a tenant of a national cloud.",
  },
  900023: {
    words: ({ tenant }) => `${tenant} is not the name of a tenant`,
    hint: () => "Set the tenant's id or one of its verified domains, such as example.onmicrosoft.com.",
  },
  900382: {
    words: () => "confidential clients cannot sign in across clouds",
    hint: () => "Check cloud: it must be the cloud of the tenant.",
  },
  700027: {
    words: () => "the certificate is not the application's, or its signature is wrong",
    hint: ({ clientId }) => `${registration(clientId)}, Certificates & secrets, Certificates: upload the public part of this certificate.`,
  },
  700030: {
    words: () => "the certificate is not valid for this application",
    hint: ({ clientId }) => `${registration(clientId)}, Certificates & secrets, Certificates: upload a certificate that is valid now.`,
  },
  700024: {
    words: () => "the proof of identity is not valid at this time",
    hint: () => "Check this machine's clock; a federated token in a file may also have expired.",
  },
  70021: { words: () => "no federated credential of the application matches the token in the file", hint: federated },
  700211: { words: () => "no federated credential of the application has the issuer of the token in the file", hint: federated },
  700212: { words: () => "no federated credential of the application has the audience of the token in the file", hint: federated },
  700213: { words: () => "no federated credential of the application has the subject of the token in the file", hint: federated },
  7000218: {
    words: () => "the application may not sign users in without a secret",
    hint: ({ clientId }) => `${registration(clientId)}, Authentication: allow public client flows.`,
  },
  65001: {
    code: "role-missing",
    words: ({ clientId }) => `nobody has consented to what the application ${clientId} asks for`,
    hint: ({ clientId }) => `${registration(clientId)}, API permissions: add what is missing, then Grant admin consent.`,
  },
  65004: { words: () => "the person declined to consent", hint: signInAgain },
  500011: {
    words: ({ scope, tenant }) => `the resource of ${scope} is not known in the tenant ${tenant}`,
    hint: () => "Check cloud and scope. Default scope: that of Exchange Online.",
  },
  500014: {
    words: ({ scope }) => `the resource of ${scope} is disabled in the tenant`,
    hint: () => "Check that the tenant has an Exchange Online subscription and that the resource is enabled under Enterprise applications.",
  },
  70011: { words: ({ scope }) => `the scope ${scope} is not valid`, hint: () => "Set a resource followed by /.default." },
  1002012: {
    words: ({ scope }) => `the scope ${scope} is not valid for an application`,
    hint: () => "Set a resource followed by /.default, such as https://outlook.office365.com/.default.",
  },
  50105: {
    code: "role-missing",
    words: () => "the account is not assigned to the application",
    hint: () => "In the Entra admin center open Enterprise applications, the application, Users and groups: assign it.",
  },
  501051: {
    code: "role-missing",
    words: () => "the application is not assigned to a role of the resource",
    hint: ({ clientId }) => `${registration(clientId)}, API permissions: add the permission, then Grant admin consent.`,
  },
  53003: {
    words: () => "a Conditional Access policy blocks this sign-in",
    hint: () => "Find the policy in the sign-in logs of Entra; sign in from an allowed location, or have the application excluded.",
  },
  50076: { words: () => "multifactor authentication is required", hint: signInAgain },
  50079: { words: () => "multifactor authentication must be set up for this account", hint: signInAgain },
  50173: { words: () => "the sign-in was revoked, as after a change of the password", hint: signInAgain },
  70008: { words: () => "the sign-in has expired", hint: signInAgain },
  700082: { words: () => "the sign-in has expired because it was not used", hint: signInAgain },
  70020: { words: () => "the device code has expired before it was entered", hint: signInAgain },
  70043: { words: () => "a sign-in frequency policy has ended the sign-in", hint: signInAgain },
  90033: { code: "busy", words: () => "it cannot answer at the moment", hint: () => "Retry in a few minutes." },
  90055: { code: "busy", words: () => "too many requests come from this tenant", hint: () => "Retry in a few minutes." },
};

/** The error names of RFC 6749 and RFC 8628, for an authority that returns no AADSTS code. */
const byName: Readonly<Record<string, ErrorMeaning>> = {
  authorization_declined: { words: () => "the person declined the sign-in", hint: signInAgain },
  access_denied: { words: () => "the sign-in was declined", hint: signInAgain },
  expired_token: { words: () => "the device code has expired before it was entered", hint: signInAgain },
  invalid_client: {
    words: () => "the client id, or the secret or certificate, is wrong",
    hint: () => "Check client_id and the credential.",
  },
  unauthorized_client: { words: () => "the client may not use this grant type", hint: () => "Check the client's registration." },
  invalid_scope: { words: ({ scope }) => `the scope ${scope} is not valid`, hint: () => "Check scope." },
  temporarily_unavailable: { code: "busy", words: () => "it cannot answer at the moment", hint: () => "Retry in a few minutes." },
};

/** Converts a refusal into a Failure. Omits Entra's own text: it is localised, and names things that do not belong in a log. */
export function entraFailure(refusal: EntraError, about: SignInDetails): Failure {
  const number = refusal.codes.find((code) => code in meanings) ?? refusal.codes[0];
  const meaning = (number === undefined ? undefined : meanings[number]) ?? own(byName, refusal.error);
  const name = number === undefined ? refusal.error : `AADSTS${number}`;
  const words = meaning?.words(about) ?? "see the code";
  return new Failure(meaning?.code ?? "unauthenticated", `${about.host} refuses to issue a token: ${words} (${name}).`, {
    wireCode: name,
    requestId: refusal.correlationId,
    hint:
      meaning?.hint(about) ??
      (number === undefined
        ? "Check client_id, tenant and the credential of this connection."
        : `What the code means: https://login.microsoftonline.com/error?code=${number}`),
  });
}

function own(table: Readonly<Record<string, ErrorMeaning>>, name: string): ErrorMeaning | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Returns the refusal in a reply's body, or undefined. */
export function readEntraError(body: unknown): EntraError | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const found: { error?: unknown; error_codes?: unknown; correlation_id?: unknown } = body;
  const { error, error_codes, correlation_id } = found;
  // Keeps hostile text out of messages: a code is one word.
  if (typeof error !== "string" || !/^\w{1,64}$/.test(error)) return undefined;
  return {
    error,
    codes: Array.isArray(error_codes) ? error_codes.filter((code) => Number.isSafeInteger(code) && code >= 0) : [],
    correlationId: typeof correlation_id === "string" && /^[\w-]{1,64}$/.test(correlation_id) ? correlation_id : undefined,
  };
}
