import type { Uses } from "../../exchange/port-methods.ts";

/** Methods of the `Exchange` port that `sweep plan` calls, in addition to those of its action. */
export const planPortMethods: Uses & { readonly name: string } = {
  name: "sweep plan",
  uses: [],
  sometimes: [
    { uses: ["searchableMailboxes"], when: "with `mailboxes` all" },
    { uses: ["groupMembers"], when: "with `group`, and for groups among the recipients that message trace names" },
    { uses: ["messageTrace"], when: "with `find` trace or auto" },
    {
      uses: ["invited", "calendarEntries", "removeCalendarEntries", "addCalendarEntry"],
      when: "for the calendar entries of meeting invitations, unless `residue` leaves them out",
    },
  ],
};
