/**
 * The environment variables, and the setting of the connection that each one replaces. MAILCORDON_AUTH also selects the sign-in method. A secret may be in
 * the variable itself, or in the file that `…_FILE` names.
 */
export const variables = {
  MAILCORDON_EWS_URL: ["ews", "url"],
  MAILCORDON_BACKEND: ["backend"],
  MAILCORDON_GRAPH_URL: ["graph", "url"],
  MAILCORDON_AUTODISCOVER_ADDRESS: ["ews", "autodiscover", "address"],
  MAILCORDON_USERNAME: ["auth", "basic", "username"],
  MAILCORDON_PASSWORD: ["auth", "basic", "password"],
  MAILCORDON_PASSWORD_FILE: ["auth", "basic", "password"],
  MAILCORDON_TOKEN: ["auth", "bearer", "token"],
  MAILCORDON_TOKEN_FILE: ["auth", "bearer", "token"],
  MAILCORDON_TENANT: ["auth", "oauth", "tenant"],
  MAILCORDON_CLIENT_ID: ["auth", "oauth", "client_id"],
  MAILCORDON_CLIENT_SECRET: ["auth", "oauth", "client_secret"],
  MAILCORDON_CLIENT_SECRET_FILE: ["auth", "oauth", "client_secret"],
  MAILCORDON_CERTIFICATE_FILE: ["auth", "oauth", "certificate", "pem"],
  MAILCORDON_FEDERATED_TOKEN_FILE: ["auth", "oauth", "federated_token_file"],
  MAILCORDON_CLOUD: ["auth", "oauth", "cloud"],
  MAILCORDON_AUTHORITY: ["auth", "oauth", "authority"],
  MAILCORDON_CA_FILE: ["ews", "ca_file"],
  MAILCORDON_ACCESS: ["access"],
  MAILCORDON_CONNECT_SECONDS: ["timeouts", "connect_seconds"],
  MAILCORDON_REPLY_SECONDS: ["timeouts", "reply_seconds"],
  MAILCORDON_IDLE_SECONDS: ["timeouts", "idle_seconds"],
  MAILCORDON_TOTAL_SECONDS: ["timeouts", "total_seconds"],
  MAILCORDON_MAX_REPLY_MEGABYTES: ["max_reply_megabytes"],
  MAILCORDON_MAX_WAIT_SECONDS: ["throttling", "max_wait_seconds"],
  MAILCORDON_MAX_CONCURRENCY: ["throttling", "max_concurrency"],
  MAILCORDON_MAILBOX: ["mailbox"],
} as const;
