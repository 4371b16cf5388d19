import { bucketOf } from "../connection/open-evidence.ts";
import { asFailure } from "../failure.ts";
import type { Step } from "./checkup.ts";

/** Always the same bytes under one key: a bucket stores them once, however often it is checked, and Object Lock does not prevent that. */
const probe = Buffer.from("mailcordon doctor has checked that evidence can be kept in this bucket.\n");

/** Keeps a few bytes in the bucket of `evidence_s3` and has the server show them. */
export const evidence: Step = {
  name: "evidence",
  needs: ["settings"],
  async run({ learned }) {
    const s3 = learned.evidence?.s3;
    const tried = "kept 72 bytes in the bucket for evidence, and had the server show that it has them";
    if (s3 === undefined) return { status: "skipped", tried: "nothing", found: "evidence is kept in a folder" };
    try {
      const bucket = await bucketOf(s3)();
      await bucket.keepBytes("doctor/probe", probe);
      return { status: "ok", tried, found: `${bucket.name}; ${await bucket.lockText()}` };
    } catch (thrown) {
      const { code, message, hint } = asFailure(thrown);
      return { status: "failed", code, tried, found: message, next: [hint] };
    }
  },
};
