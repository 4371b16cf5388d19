/** One number that a bar is held against. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most it may be. */
  readonly bar?: number;
  readonly ok: boolean;
  /** What it was made from. */
  readonly detail: string;
}
