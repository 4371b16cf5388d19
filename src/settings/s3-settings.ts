import { resolve } from "node:path";
import * as z from "zod";
import { Failure } from "../failure.ts";
import { parseSecretPlace, readSecret, type Secret } from "./secrets.ts";
import { expected, isPrivate, isWebAddress, secret, text } from "./setting-fields.ts";

const bucketWords = "the name of the bucket, such as mailcordon-evidence";
const endpointWords = "the https address of the S3 server, such as https://minio.example.com:9000; leave it out for Amazon S3";
const prefixWords = "the beginning of every key, such as cases/; letters, digits, and - _ . /";

const S3File = z
  .strictObject({
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; other servers do not allow more.
    bucket: z.string(expected(bucketWords)).regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, expected(bucketWords)),
    region: text("the region of the bucket, such as eu-central-1").optional(),
    endpoint: z
      .string(expected(endpointWords))
      .refine((value) => isWebAddress(value), expected(endpointWords))
      .optional(),
    prefix: z
      .string(expected(prefixWords))
      .regex(/^[a-zA-Z0-9_.-][a-zA-Z0-9_./-]{0,199}$/, expected(prefixWords))
      .optional(),
    path_style: z.boolean(expected("true to name the bucket in the path, or false to name it in the host")).optional(),
    access_key_id: secret.optional(),
    secret_access_key: secret.optional(),
    session_token: secret.optional(),
    ca_file: text("the path of the PEM file with the authority that signed the S3 server's certificate").optional(),
  })
  .refine(({ access_key_id, secret_access_key }) => (access_key_id === undefined) === (secret_access_key === undefined), {
    path: ["secret_access_key"],
    error: "is not valid; put both access_key_id and secret_access_key, or neither to use the identity of the machine",
  })
  .refine(({ endpoint }) => endpoint === undefined || !isWebAddress(endpoint) || isPrivate(endpoint), {
    path: ["endpoint"],
    error:
      "is plain http, so anybody on the network path can read the messages; put an https address (http is allowed for a loopback address only)",
  });

/** How a bucket is reached, checked; its secrets are read. */
export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  /** Undefined: Amazon S3. */
  readonly endpoint: string | undefined;
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  readonly pathStyle: boolean;
  /** Undefined: the identity of the machine, as the AWS SDK finds it. */
  readonly keys: { readonly id: Secret; readonly secret: Secret; readonly sessionToken: Secret | undefined } | undefined;
  readonly caFile: string | undefined;
}

/** Returns the setting `evidence_s3`. Throws Failure `invalid-settings`. */
export function readS3(written: unknown, environment: Readonly<Record<string, string | undefined>>, home: string): S3Settings {
  const parsed = S3File.safeParse(written);
  if (!parsed.success) {
    const texts = parsed.error.issues.map((issue) => {
      if (issue.code === "unrecognized_keys")
        return `evidence_s3.${issue.keys[0]} is not a setting. Known here: ${Object.keys(S3File.shape).join(", ")}.`;
      return `${["evidence_s3", ...issue.path].join(".")} ${issue.path.length === 0 ? "is not valid; put at least bucket" : issue.message}`;
    });
    throw new Failure("invalid-settings", texts.join("; "));
  }
  const { bucket, region, endpoint, prefix = "", path_style, access_key_id, secret_access_key, session_token, ca_file } = parsed.data;
  const secretOf = (field: string, place: string | undefined): Secret | undefined => {
    const parsedPlace = place === undefined ? undefined : parseSecretPlace(place);
    if (parsedPlace === undefined) return undefined;
    const absolute = parsedPlace.kind === "file" ? { ...parsedPlace, name: resolve(home, parsedPlace.name) } : parsedPlace;
    return readSecret(absolute, `evidence_s3.${field}`, environment);
  };
  const id = secretOf("access_key_id", access_key_id);
  const key = secretOf("secret_access_key", secret_access_key);
  return {
    bucket,
    region: region ?? (environment.AWS_REGION || environment.AWS_DEFAULT_REGION || "us-east-1"),
    endpoint,
    prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
    pathStyle: path_style ?? endpoint !== undefined,
    keys: id === undefined || key === undefined ? undefined : { id, secret: key, sessionToken: secretOf("session_token", session_token) },
    caFile: ca_file === undefined ? undefined : resolve(home, ca_file),
  };
}
