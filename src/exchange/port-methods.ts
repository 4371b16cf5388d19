import type { Exchange, Mailbox } from "./exchange.ts";

/** The methods of the port that an action or a sweep can call: those of a mailbox, and those of the organisation. */
export type PortMethod = Exclude<keyof Mailbox, "address" | "route"> | OrganisationMethod;

/** A method about the organisation, not about one mailbox. */
export type OrganisationMethod = (typeof organisationMethods)[number];
const organisationMethods = ["searchableMailboxes", "groupMembers", "messageTrace"] as const;

export const isOrganisationMethod = (method: PortMethod): method is OrganisationMethod => organisationMethods.some((one) => one === method);

/** A mailbox with these methods only. */
export type MailboxFor<M extends PortMethod> = Pick<Mailbox, "address" | "route" | Extract<M, keyof Mailbox>>;

/** An Exchange with these methods only. */
export type ExchangeFor<M extends PortMethod> = Pick<Exchange, "backend" | "atATime" | Extract<M, keyof Exchange>> & {
  mailbox(...which: Parameters<Exchange["mailbox"]>): MailboxFor<M>;
};

/**
 * The port methods that an action uses. Its rights over EWS, its permissions for Microsoft Graph and the limits of a cloud follow from them, so the
 * action does not name those itself.
 */
export interface Uses<M extends PortMethod = PortMethod> {
  readonly uses: readonly M[];
  /** Methods that only some inputs need: without a right to them, only that part is refused. `when` names the inputs: "with `mailboxes` all". */
  readonly sometimes?: readonly { readonly uses: readonly M[]; readonly when: string }[];
}

/** Tells whether a method is used, always or with some inputs. */
export function mayUse({ uses, sometimes = [] }: Uses, method: PortMethod): boolean {
  return [...uses, ...sometimes.flatMap((part) => part.uses)].includes(method);
}

/** How Microsoft Graph differs from Exchange Web Services, and why, as text for users. */
export interface Difference {
  /** `some`: part of the action is refused, and its answer reports it. */
  readonly supported: "yes" | "some";
  /** Empty: no difference. */
  readonly differs: string;
  readonly why: string;
}

/** No difference. */
export const sameOverGraph: Difference = { supported: "yes", differs: "", why: "" };
