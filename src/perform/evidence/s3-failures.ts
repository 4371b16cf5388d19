import { errorCode, Failure } from "../../failure.ts";

/** The reply of the server, or the error of the SDK, to a failed request. */
interface Refusal {
  readonly name: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
}

export function refusalOf(thrown: unknown): Refusal {
  const name = thrown instanceof Error ? thrown.name : "unknown error";
  const metadata = typeof thrown === "object" && thrown !== null && "$metadata" in thrown ? thrown.$metadata : undefined;
  const member = (key: string): unknown =>
    typeof metadata === "object" && metadata !== null ? Object.entries(metadata).find(([other]) => other === key)?.[1] : undefined;
  const status = member("httpStatusCode");
  const requestId = member("requestId");
  return {
    name,
    status: typeof status === "number" ? status : undefined,
    requestId: typeof requestId === "string" ? requestId : undefined,
  };
}

const rights = "Allow s3:PutObject, s3:GetObject and s3:ListBucket on the bucket for this identity.";
const keys = "Check evidence_s3.access_key_id and evidence_s3.secret_access_key, or the identity of this machine.";

/** The meanings of the codes, with hints: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const known: Readonly<Record<string, readonly [string, string]>> = {
  NoSuchBucket: ["there is no such bucket", "Check evidence_s3.bucket, evidence_s3.region and evidence_s3.endpoint."],
  AccessDenied: ["access is denied", rights],
  InvalidAccessKeyId: ["the access key is not known", keys],
  SignatureDoesNotMatch: ["the secret key is wrong", keys],
  ExpiredToken: ["the session token has expired", keys],
  InvalidToken: ["the session token is not valid", keys],
  CredentialsProviderError: ["no identity was found", keys],
  TokenProviderError: ["no identity was found", keys],
  PermanentRedirect: ["the bucket is in another region", "Set evidence_s3.region to the region of the bucket."],
  AuthorizationHeaderMalformed: ["the bucket is in another region", "Set evidence_s3.region to the region of the bucket."],
  RequestTimeTooSkewed: ["the clock of this machine is wrong", "Set the clock of this machine."],
  QuotaExceeded: ["it has no room", "Free space, or raise the quota of the bucket, then repeat the call for the messages that failed."],
  XMinioStorageFull: ["it has no room", "Free space on the S3 server, then repeat the call for the messages that failed."],
};
const byStatus: Readonly<Record<number, readonly [string, string]>> = {
  301: known.PermanentRedirect ?? ["", ""],
  401: ["the sign-in was refused", keys],
  // A reply to a HEAD request has no code: either may be the reason.
  403: ["access is denied", `${rights} ${keys}`],
  507: known.QuotaExceeded ?? ["", ""],
};

/** Converts the error of a request to Failure `evidence-failed`. `what`: the attempted operation. */
export function bucketFailure(what: string, bucket: string, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { name, status, requestId } = refusalOf(thrown);
  const code = errorCode(thrown);
  const words = known[name] ?? (status === undefined ? undefined : byStatus[status]);
  const about = { cause: thrown, requestId, wireCode: status === undefined ? (code ?? name) : name };
  if (words !== undefined)
    return new Failure("evidence-failed", `Could not ${what} in ${bucket}: ${words[0]}.`, { ...about, hint: words[1] });
  if (status !== undefined) {
    const hint =
      status >= 500 || status === 429 ? "Repeat the call for the messages that failed; if it persists, check the S3 server." : keys;
    return new Failure("evidence-failed", `Could not ${what} in ${bucket}: the server answered ${status} (${name}).`, { ...about, hint });
  }
  const isTls = /CERT|TLS|SSL|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(code ?? "");
  return new Failure("evidence-failed", `Could not ${what} in ${bucket}: the server could not be reached (${code ?? name}).`, {
    ...about,
    hint: isTls
      ? "Set evidence_s3.ca_file to the authority that signed the certificate of the S3 server."
      : "Check evidence_s3.endpoint, evidence_s3.region and the network.",
  });
}
