import type { Exchange, Mailbox } from "./exchange.ts";

/** What the port can be asked: a method of a mailbox, or the list of mailboxes. */
export type PortMethod = Exclude<keyof Mailbox, "address" | "route"> | "searchableMailboxes";

/** A mailbox that is asked nothing but this. */
export type MailboxFor<M extends PortMethod> = Pick<Mailbox, "address" | "route" | Extract<M, keyof Mailbox>>;

/** An Exchange that is asked nothing but this. */
export type ExchangeFor<M extends PortMethod> = Pick<Exchange, "backend" | Extract<M, keyof Exchange>> & {
  mailbox(...which: Parameters<Exchange["mailbox"]>): MailboxFor<M>;
};

/**
 * What is asked of the port. Rights over EWS, permissions of Microsoft Graph and what a cloud lacks follow from it, so that whoever declares it
 * names none of them.
 */
export interface Uses<M extends PortMethod = PortMethod> {
  readonly uses: readonly M[];
  /** What only some inputs come to: without a right to it, that part alone is refused. `when` says which: "with `mailboxes` all". */
  readonly sometimes?: readonly { readonly uses: readonly M[]; readonly when: string }[];
}

/** Whether it is asked at all: always, or with some inputs. */
export function mayUse({ uses, sometimes = [] }: Uses, method: PortMethod): boolean {
  return [...uses, ...sometimes.flatMap((part) => part.uses)].includes(method);
}

/** What Microsoft Graph does unlike Exchange Web Services, and why; as people read it. */
export interface Difference {
  /** `some`: part of it is refused; the answer says so. */
  readonly supported: "yes" | "some";
  /** Empty: nothing. */
  readonly differs: string;
  readonly why: string;
}

/** Nothing differs. */
export const sameOverGraph: Difference = { supported: "yes", differs: "", why: "" };
