import { randomBytes } from "node:crypto";
import type { User } from "../store/organisation.ts";
import type { Registration, Tenant } from "./app-registration.ts";
import { TokenError } from "./token-error.ts";
import { devicePath } from "./token-paths.ts";

interface Pending {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly app: Registration;
  readonly scope: string;
  readonly expires: number;
  state: "pending" | "declined" | User;
}

interface Session {
  readonly app: Registration;
  readonly user: User;
}

/** The pending and completed sign-ins with device codes. @see https://www.rfc-editor.org/rfc/rfc8628 */
export class DeviceCodes {
  readonly #tenant: Tenant;
  readonly #pending = new Map<string, Pending>();
  readonly #sessions = new Map<string, Session>();

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  begin(app: Registration, scope: string, now: number, base: string): unknown {
    const seconds = this.#tenant.deviceCode?.seconds ?? 900;
    const made: Pending = {
      deviceCode: randomBytes(32).toString("base64url"),
      userCode: randomBytes(5).toString("hex").slice(0, 9).toUpperCase(),
      app,
      scope,
      expires: now + seconds * 1000,
      state: "pending",
    };
    this.#pending.set(made.deviceCode, made);
    const where = `${base}${devicePath}`;
    return {
      device_code: made.deviceCode,
      user_code: made.userCode,
      verification_uri: where,
      expires_in: seconds,
      interval: this.#tenant.deviceCode?.interval ?? 5,
      message: `To sign in, open the page ${where} and enter the code ${made.userCode} to authenticate.`,
    };
  }

  /** Records a person's answer in the browser. Returns false if there is no such code. */
  answer(userCode: string, answer: "declined" | User): boolean {
    const found = [...this.#pending.values()].find((one) => one.userCode === userCode && one.state === "pending");
    if (found !== undefined) found.state = answer;
    return found !== undefined;
  }

  /** The codes that wait for a person. */
  get waiting(): readonly string[] {
    return [...this.#pending.values()].flatMap(({ state, userCode }) => (state === "pending" ? [userCode] : []));
  }

  /** Returns the signed-in user and a refresh token. Throws TokenError until the person has signed in. */
  redeem(
    app: Registration,
    deviceCode: string,
    now: number,
  ): { readonly user: User; readonly refreshToken: string; readonly scope: string } {
    const found = this.#pending.get(deviceCode);
    if (found === undefined || found.app !== app) throw new TokenError(70018, "bad_verification_code", "The verification code is invalid.");
    if (found.expires <= now) throw new TokenError(70020, "expired_token", "The device code has expired.");
    if (found.state === "pending") throw new TokenError(70016, "authorization_pending", "Authorization is pending. Continue polling.");
    this.#pending.delete(deviceCode);
    if (found.state === "declined") throw new TokenError(70044, "authorization_declined", "The user declined.");
    return { user: found.state, refreshToken: this.#session({ app, user: found.state }), scope: found.scope };
  }

  /** Returns the user of a refresh token. The token stays valid after use, as Entra's do. Throws TokenError. */
  refresh(app: Registration, refreshToken: string): { readonly user: User; readonly refreshToken: string } {
    const session = this.#sessions.get(refreshToken);
    if (session === undefined || session.app !== app) throw new TokenError(700082, "invalid_grant", "The refresh token has expired.");
    return { user: session.user, refreshToken: this.#session(session) };
  }

  /** Revokes all refresh tokens. */
  revoke(): void {
    this.#sessions.clear();
  }

  #session(session: Session): string {
    const token = randomBytes(48).toString("base64url");
    this.#sessions.set(token, session);
    return token;
  }
}
