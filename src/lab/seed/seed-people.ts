import { addressKey } from "../store/address.ts";
import type { ContactFields } from "../store/contact.ts";
import type { NewUser } from "../store/organisation.ts";
import type { Store } from "../store/store.ts";

/** The service account: it may impersonate everybody and search every mailbox. */
export const socAddress = "soc@example.com";
/** The mailbox to which people forward suspicious messages. */
export const reportingAddress = "phish-report@example.com";

/** Departments and numbered users. None of them is a real person. */
const desks: readonly (readonly [name: string, displayName: string, department: string])[] = [
  ["reception", "Reception", "Front Office"],
  ["finance", "Finance Desk", "Finance"],
  ["payroll", "Payroll", "Finance"],
  ["purchasing", "Purchasing", "Finance"],
  ["hr", "Human Resources", "People"],
  ["training", "Training", "People"],
  ["legal", "Legal Desk", "Legal"],
  ["it-help", "IT Helpdesk", "IT"],
  ["sales", "Sales Desk", "Sales"],
  ["marketing", "Marketing", "Sales"],
  ["press", "Press Office", "Front Office"],
  ["warehouse", "Warehouse", "Logistics"],
  ["facilities", "Facilities", "Logistics"],
  ["quality", "Quality Desk", "Logistics"],
];
const numberedUsers = 12;

export function seedPeople(store: Store, password: string): void {
  const add = (user: NewUser): void => {
    store.addUser({ password, company: "Example Organisation", ...user });
  };
  add({ address: socAddress, displayName: "SOC Service", department: "IT", roles: ["ApplicationImpersonation", "Discovery Management"] });
  add({
    address: reportingAddress,
    displayName: "Phishing Reports",
    department: "IT",
    purpose: "shared",
    aliases: ["abuse@example.com"],
    fullAccess: [socAddress],
    sendAs: [socAddress],
  });
  for (const [at, [name, displayName, department]] of desks.entries()) {
    add({
      address: `${name}@example.com`,
      displayName,
      department,
      phone: `+1 555 01${String(at).padStart(2, "0")}`,
      // The helpdesk reads the front desk's mail: delegate access without impersonation.
      fullAccess: name === "reception" ? ["it-help@example.com"] : [],
      aliases: name === "finance" ? ["accounts@example.com"] : [],
    });
  }
  for (let number = 1; number <= numberedUsers; number += 1) {
    const name = `user${String(number).padStart(2, "0")}`;
    add({ address: `${name}@example.com`, displayName: `User ${name.slice(4)}`, department: number % 2 === 0 ? "Sales" : "Logistics" });
  }
  store.addGroup({
    address: "finance-team@example.com",
    displayName: "Finance Team",
    members: ["finance@example.com", "payroll@example.com", "purchasing@example.com"],
  });
  store.addGroup({
    address: "desks@example.com",
    displayName: "All Desks",
    members: ["finance-team@example.com", "reception@example.com", "hr@example.com", "legal@example.com"],
  });
  store.addGroup({ address: "partners@example.com", displayName: "Partners", members: ["sales@example.com", "contact@example.org"] });
  // Each of the two groups contains the other, which a directory allows.
  store.addGroup({
    address: "invoices@example.com",
    displayName: "Invoices",
    members: ["finance-team@example.com", "invoices-archive@example.com"],
  });
  store.addGroup({
    address: "invoices-archive@example.com",
    displayName: "Invoices Archive",
    members: ["reception@example.com", "invoices@example.com"],
  });
}

const day = 86_400_000;

/** Seeds automatic replies: one on, one scheduled and active, one over, and one still to come. */
export function seedOutOfOffice(store: Store, today: Date): void {
  const now = today.getTime();
  const set = (address: string, state: "Enabled" | "Scheduled", from: number, to: number, audience: "None" | "Known" | "All"): void => {
    const mailbox = store.mailbox(address);
    if (!mailbox) return;
    const { displayName } = mailbox.user;
    mailbox.oof = {
      state,
      externalAudience: audience,
      start: new Date(now + from * day),
      end: new Date(now + to * day),
      internalReply: `<html><body><p>${displayName} is away. In urgent cases: reception@example.com</p></body></html>`,
      externalReply: audience === "None" ? "" : `<html><body><p>Thank you for your message. ${displayName} is away.</p></body></html>`,
    };
  };
  set("hr@example.com", "Enabled", 0, 1, "All");
  set("user04@example.com", "Scheduled", -1, 6, "Known");
  set("user09@example.com", "Scheduled", -20, -6, "None");
  set("user10@example.com", "Scheduled", 3, 17, "All");
}

function contact(number: number, firm: string, domain: string): ContactFields {
  const name = `Contact ${String(number).padStart(2, "0")}`;
  return {
    displayName: `${name} (${firm})`,
    fileAs: `${firm}, ${name}`,
    givenName: "Contact",
    surname: String(number).padStart(2, "0"),
    companyName: firm,
    jobTitle: number % 2 === 0 ? "Order Desk" : "Account Desk",
    department: "Customer Service",
    emailAddresses: [
      { key: "EmailAddress1", address: `contact${number}@${domain}`, name },
      ...(number % 2 === 0 ? [{ key: "EmailAddress2", address: `orders${number}@${domain}` }] : []),
    ],
    phoneNumbers: [
      { key: "BusinessPhone", number: `+1 555 02${String(number).padStart(2, "0")}` },
      ...(number % 3 === 0 ? [{ key: "MobilePhone", number: `+1 555 03${String(number).padStart(2, "0")}` }] : []),
    ],
    physicalAddresses: [
      {
        key: "Business",
        street: `${number} Sample Street`,
        city: "Sampletown",
        state: "ST",
        countryOrRegion: "Example",
        postalCode: `0000${number}`,
      },
    ],
  };
}

/** Seeds contacts and personal groups for some users. */
export function seedContacts(store: Store): void {
  for (const [name, count] of [
    ["reception", 6],
    ["finance", 4],
    ["sales", 9],
  ] as const) {
    const mailbox = store.mailbox(`${name}@example.com`);
    if (!mailbox) continue;
    const folder = mailbox.known("contacts");
    for (let number = 1; number <= count; number += 1) {
      const fields = contact(
        number,
        number % 2 === 0 ? "Sample Supplies" : "Practice Partners",
        number % 2 === 0 ? "example.org" : "partner.example",
      );
      mailbox.add(folder, { itemClass: "IPM.Contact", subject: fields.displayName, contact: fields, isRead: true });
    }
    const members = [1, 2].map((number) => ({
      name: `Contact 0${number}`,
      address: `contact${number}@${number % 2 === 0 ? "example.org" : "partner.example"}`,
    }));
    mailbox.add(folder, { itemClass: "IPM.DistList", subject: "Suppliers", group: { displayName: "Suppliers", members }, isRead: true });
    if (name === "sales") {
      const leads = mailbox.createFolder(folder, "Leads", "IPF.Contact");
      mailbox.add(leads, {
        itemClass: "IPM.Contact",
        subject: "Lead 20",
        contact: contact(20, "Lead Limited", "lead.example"),
        isRead: true,
      });
      mailbox.blockedSenders.add(addressKey("offers@spam.example"));
    }
  }
}
