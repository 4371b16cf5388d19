import { objectIdOf } from "../../sign-in/issue-token.ts";
import type { User } from "../../store/organisation.ts";
import type { Row } from "../row.ts";

/** The members of a user in a reply unless other properties are selected. */
const inDefault: ReadonlySet<string> = new Set([
  "businessPhones",
  "displayName",
  "givenName",
  "jobTitle",
  "mail",
  "mobilePhone",
  "officeLocation",
  "preferredLanguage",
  "surname",
  "userPrincipalName",
  "id",
]);

/** @see https://learn.microsoft.com/en-us/graph/api/resources/user */
export function userRow(user: User, isOnPremises: boolean, isLicensed = true): Row {
  const plan = {
    assignedDateTime: "2024-01-15T09:00:00Z",
    capabilityStatus: "Enabled",
    service: "exchange",
    // Exchange Online (Plan 2): https://learn.microsoft.com/en-us/entra/identity/users/licensing-service-plan-reference
    servicePlanId: "efb87545-963c-4e0d-99df-69c6916d9eb0",
  };
  const properties = {
    businessPhones: user.phone === undefined ? [] : [user.phone],
    displayName: user.displayName,
    givenName: user.givenName ?? null,
    jobTitle: user.jobTitle ?? null,
    mail: user.address,
    mobilePhone: null,
    officeLocation: user.office ?? null,
    preferredLanguage: null,
    surname: user.surname ?? null,
    userPrincipalName: user.upn,
    id: objectIdOf(user),
    accountEnabled: true,
    assignedPlans: isOnPremises || !isLicensed ? [] : [plan],
    companyName: user.company ?? null,
    department: user.department ?? null,
    mailNickname: user.address.split("@")[0] ?? "",
    onPremisesSyncEnabled: isOnPremises ? true : null,
    otherMails: [],
    // The primary address in capitals, the others not.
    proxyAddresses: [`SMTP:${user.address}`, ...user.aliases.map((alias) => `smtp:${alias}`)],
    showInAddressList: null,
    userType: "Member",
  };
  return { properties, onlySelected: new Set(Object.keys(properties).filter((name) => !inDefault.has(name))) };
}
