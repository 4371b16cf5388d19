import type { Exchange } from "../exchange/exchange.ts";
import type { OrganisationMethod } from "../exchange/port-methods.ts";

/** Returns the methods about the organisation with lists that show granted mailboxes only. */
export function restrictOrganisation(exchange: Exchange, isGranted: (address: string) => boolean): Pick<Exchange, OrganisationMethod> {
  return {
    async searchableMailboxes(query, call) {
      const found = await exchange.searchableMailboxes(query, call);
      return {
        ...found,
        mailboxes: found.mailboxes.filter(({ mailbox }) => isGranted(mailbox)),
        // An entry without an address may belong to a granted mailbox, but the server's text about it may concern another.
        failed: found.failed.flatMap((one) => {
          if (one.mailbox === "") return [{ mailbox: "", backend: one.backend, message: "Not every mailbox could be listed." }];
          return isGranted(one.mailbox) ? [one] : [];
        }),
        unopened: found.unopened?.filter(({ mailbox }) => isGranted(mailbox)),
      };
    },
    async groupMembers(address, call) {
      const found = await exchange.groupMembers(address, call);
      const isAllowed = ({ mailbox }: { readonly mailbox: string }) => isGranted(mailbox);
      return {
        mailboxes: found.mailboxes.filter((mailbox) => isGranted(mailbox)),
        outside: found.outside.filter(isAllowed),
        // A group that could not be opened may hold granted mailboxes, but its name and the server's text about it may concern others.
        failed: found.failed.map((one) => (isAllowed(one) ? one : { mailbox: "", message: "Not every member could be listed." })),
      };
    },
    async messageTrace(query, call) {
      const found = await exchange.messageTrace(query, call);
      return { ...found, rows: found.rows.filter(({ recipient }) => isGranted(recipient)) };
    },
  };
}
