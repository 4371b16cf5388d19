/** One number and its limit. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The limit. */
  readonly bar?: number;
  readonly ok: boolean;
  /** The values from which it was computed. */
  readonly detail: string;
}
