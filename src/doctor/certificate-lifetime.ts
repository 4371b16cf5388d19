import type { X509Certificate } from "node:crypto";
import { counted } from "../text/noun-count.ts";

const day = 86_400_000;

/** How long a certificate is still valid. */
export interface CertificateLifetime {
  /** In whole days; negative once it has expired. */
  readonly days: number;
  /** Such as `in 3 days` or `2 days ago`. */
  readonly when: string;
}

/** `now`: in milliseconds since 1970. */
export function lifetimeOf(certificate: X509Certificate, now: number): CertificateLifetime {
  const left = (Date.parse(certificate.validTo) - now) / day;
  if (left < 0)
    return { days: Math.floor(left), when: left > -1 ? "within the last 24 hours" : `${counted(Math.floor(-left), "day")} ago` };
  return { days: Math.floor(left), when: left < 1 ? "within 24 hours" : `in ${counted(Math.floor(left), "day")}` };
}
