/** What one streamed reply gives. `bytes` ends normally only when the whole reply was well-formed and said success. */
export interface StreamedReply<Out> {
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
  /** What the reply says besides the content; reads what was not read. */
  value(): Promise<Out>;
}
