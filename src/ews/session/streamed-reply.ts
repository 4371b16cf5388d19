/** One streamed reply. `bytes` ends normally only when the whole reply was well-formed and reported success. */
export interface StreamedReply<Out> {
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
  /** Returns the rest of the reply besides the content, and reads what has not been read. */
  value(): Promise<Out>;
}
