import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, ben, startSmallLab } from "../soap-client.ts";

/** The small lab with groups, and contacts of Anna's own. */
export async function startLabWithNames(): Promise<Lab> {
  const lab = await startSmallLab();
  lab.store.addGroup({ address: "inner@example.com", displayName: "Inner Circle", members: [ben] });
  lab.store.addGroup({
    address: "team@example.com",
    displayName: "Team Books",
    members: [anna, "inner@example.com", "outside@example.net"],
  });
  const mailbox = lab.store.mailbox(anna);
  if (mailbox === undefined) throw new Error("no mailbox");
  mailbox.add(mailbox.known("contacts"), {
    itemClass: "IPM.Contact",
    contact: {
      displayName: "Bella Booker",
      givenName: "Bella",
      surname: "Booker",
      companyName: "Books <& Sons>",
      emailAddresses: [{ key: "EmailAddress1", address: "bella@example.net", name: "Bella" }],
      phoneNumbers: [{ key: "MobilePhone", number: "+1 555 0101" }],
      physicalAddresses: [{ key: "Business", city: "Springfield" }],
    },
  });
  mailbox.add(mailbox.known("contacts"), {
    itemClass: "IPM.DistList",
    group: { displayName: "Book Club", members: [{ name: "Bella", address: "bella@example.net" }] },
  });
  return lab;
}
