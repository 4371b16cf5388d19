import { randomUUID } from "node:crypto";

/** A refusal in Entra's words. @see https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes */
export class TokenError extends Error {
  readonly number: number;
  readonly error: string;

  constructor(number: number, error: string, description: string) {
    super(description);
    this.number = number;
    this.error = error;
  }

  /** RFC 6749, 5.2. */
  get status(): number {
    return this.error === "invalid_client" ? 401 : 400;
  }

  body(now: number): unknown {
    const traceId = randomUUID();
    const correlationId = randomUUID();
    const timestamp = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")}Z`;
    return {
      error: this.error,
      error_description: `AADSTS${this.number}: ${this.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [this.number],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
    };
  }
}
