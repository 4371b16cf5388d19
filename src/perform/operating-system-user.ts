import { userInfo } from "node:os";

/** Returns the user who runs this process, for the audit log. */
export function operatingSystemUser(): string {
  try {
    return userInfo().username;
  } catch (thrown) {
    // A container may run under a number without a user.
    if (thrown instanceof Error && process.getuid !== undefined) return `uid ${process.getuid()}`;
    throw thrown;
  }
}
