import { labPassword, type Store } from "./store.ts";

/** Accounts that the demo's stories name. */
export const socAddress = "soc@example.com";
export const reportingAddress = "phish-report@example.com";

export function seedOrganisation(store: Store, options: { readonly password?: string | undefined } = {}): void {
  store.addUser({
    address: socAddress,
    displayName: "SOC Service",
    password: options.password ?? labPassword,
    roles: ["ApplicationImpersonation", "Discovery Management"],
  });
  store.addUser({ address: reportingAddress, displayName: "Phishing Reports" });
}
