import { AutodiscoverSearch } from "./find-endpoint.ts";
import type { AutodiscoverOptions } from "./options.ts";
import { poxFor } from "./pox.ts";
import { soapFor } from "./soap.ts";
import { trustOf } from "./trusted-urls.ts";

/** What Autodiscover says about a mailbox besides where EWS is. Anybody may have written it: each is an address, or is left out. */
export interface UserSettings {
  /** `PublicFolderInformation`: the mailbox with the hierarchy of public folders that this user is given. */
  readonly publicFolders?: string | undefined;
  /** `InternalRpcClientServer` (`Server` of EXCH in POX): the mailbox's GUID, `@`, a domain. */
  readonly server?: string | undefined;
  /** `AutoDiscoverSMTPAddress`: the address that names the mailbox. */
  readonly address?: string | undefined;
}

/** The place that answered, which is asked first the next time. */
export interface FoundSettings {
  readonly settings: UserSettings;
  readonly at: URL;
}

const soap = soapFor({
  settings: ["PublicFolderInformation", "InternalRpcClientServer", "AutoDiscoverSMTPAddress"],
  // Public folders have been mailboxes since then; an older server knows none of this.
  version: "Exchange2013",
  readSettings: (settingOf) =>
    settingsOf({
      publicFolders: settingOf("PublicFolderInformation"),
      server: settingOf("InternalRpcClientServer"),
      address: settingOf("AutoDiscoverSMTPAddress"),
    }),
});

const pox = poxFor(({ address, publicFolders, protocols }) =>
  settingsOf({ address, publicFolders, server: protocols.find(({ type }) => type === "EXCH")?.server }),
);

/**
 * Asks the organisation's Autodiscover (`options.address` says whose) about a mailbox. Undefined when nobody there knows it, or when who knows
 * more must not be told who we are. Failures: `cancelled`, and what makes asking futile.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getusersettings-operation-soap
 */
export async function userSettings(options: AutodiscoverOptions, mailbox: string, first?: URL): Promise<FoundSettings | undefined> {
  const trust = trustOf(options.address, options.allowHosts);
  const search = new AutodiscoverSearch(options, trust, {
    protocols: [soap, pox],
    first,
    accept: ({ settings }, from): { found: FoundSettings; outcome: string } => ({
      found: { settings, at: new URL("/", from) },
      outcome: "settings of the mailbox",
    }),
  });
  return await search.forAddress(mailbox, trust.domain, 0);
}

function settingsOf(settingValues: UserSettings): { readonly settings: UserSettings } | undefined {
  const settings = {
    publicFolders: addressOf(settingValues.publicFolders),
    server: addressOf(settingValues.server),
    address: addressOf(settingValues.address),
  };
  return Object.values(settings).some((one) => one !== undefined) ? { settings } : undefined;
}

// RFC 5321, 4.5.3.1: 64 octets, @, 255 octets. Visible ASCII alone can stand in a header of HTTP.
const longestAddress = 320;

function addressOf(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= longestAddress && /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/.test(text)
    ? text
    : undefined;
}
