import { userInfo } from "node:os";

/** Who runs this process, for the audit. */
export function operatingSystemUser(): string {
  try {
    return userInfo().username;
  } catch (thrown) {
    // A container may run under a number that no user has.
    if (thrown instanceof Error && process.getuid !== undefined) return `uid ${process.getuid()}`;
    throw thrown;
  }
}
