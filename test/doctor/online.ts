import { failures } from "../../src/failure.ts";
import type { Lab, LabOptions } from "../../src/lab/lab.ts";
import type { Registration } from "../../src/lab/sign-in/app-registration.ts";
import { clientId, secret, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";
import { type Changes, type Examined, examine, openLab, type Setting } from "./examine.ts";

export const environment = { CLIENT_SECRET: secret, OTHER_SECRET: "not~the.secret" };
/** The mailbox to check if a test names none. */
export const mailbox = "user03@example.com";
/** The permissions that the actions need together. */
export const every = ["Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "Contacts.Read", "User.ReadBasic.All"];
export const exit = (code: keyof typeof failures) => failures[code].exit;

/** How the application signs in. */
export const application = (lab: Lab, oauth: Setting = {}): Setting => ({
  oauth: { tenant: tenantId, client_id: clientId, authority: lab.url, client_secret: "env:CLIENT_SECRET", ...oauth },
});

export interface Online {
  readonly lab: Lab;
  readonly report: Examined;
}

/** A check-up over Graph, by an application with these permissions. */
export async function online(
  roles: readonly string[],
  { registration = {}, setting = {}, ...changes }: Changes & { registration?: Partial<Registration>; setting?: Setting } = {},
  options: LabOptions = {},
): Promise<Online> {
  const lab = await openLab({ tenant: tenantWith({ roles: { graph: roles }, ...registration }), ...options });
  const connection = { backend: "graph", graph: { url: lab.graphUrl }, auth: application(lab), mailbox, ...setting };
  return { lab, report: await examine(connection, { environment, ...changes }) };
}

/** Whether each action would work. */
export const works = ({ actions }: Examined) => Object.fromEntries(actions.map(({ action, works: it }) => [action, it]));
/** Returns the requests to the lab, except those for tokens. */
export const asking = (lab: Lab) => lab.requests.filter(({ operation }) => operation !== undefined);
