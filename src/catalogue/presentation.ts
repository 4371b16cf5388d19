/** The columns that name one item to a person, snake_case, as they appear in a result. */
export type Row = Readonly<Record<string, unknown>>;

/** A call that undoes a change. */
export interface Undo {
  readonly action: string;
  readonly input: Row & { readonly item_id: string };
}

/** How a face shows an answer to a person. JSON always contains everything. */
export interface Presentation {
  /** The columns of a row, the most telling first. Further ones are shown where there is room. */
  readonly columns?: readonly string[];
  /** Columns that only a program can use. */
  readonly hidden?: readonly string[];
  /** Returns the call that undoes a result; undefined if none does. Its `item_id` is one text: a face may join calls that differ only in it. */
  readonly undo?: (result: Row) => Undo | undefined;
  /** Returns the action's own members of the answer for a person, without those that carry no information. */
  readonly members?: (answer: Row) => Row;
}
