import { AutodiscoverSearch } from "./find-endpoint.ts";
import type { AutodiscoverOptions } from "./options.ts";
import { poxFor } from "./pox.ts";
import { soapFor } from "./soap.ts";
import { trustOf } from "./trusted-urls.ts";

/** The settings that Autodiscover returns for a mailbox, apart from the URL of EWS. Untrusted: each value is an address, or is left out. */
export interface UserSettings {
  /** `PublicFolderInformation`: the mailbox with the public folder hierarchy for this user. */
  readonly publicFolders?: string | undefined;
  /** `InternalRpcClientServer` (`Server` of EXCH in POX): the mailbox's GUID, `@` and a domain. */
  readonly server?: string | undefined;
  /** `AutoDiscoverSMTPAddress`: the address that names the mailbox. */
  readonly address?: string | undefined;
}

/** The settings, and the origin that returned them, which is tried first the next time. */
export interface FoundSettings {
  readonly settings: UserSettings;
  readonly at: URL;
}

const soap = soapFor({
  settings: ["PublicFolderInformation", "InternalRpcClientServer", "AutoDiscoverSMTPAddress"],
  // Public folders have been mailboxes since this version; an older server knows none of these settings.
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
 * Asks the organisation's Autodiscover (of `options.address`) about a mailbox. Undefined when no service knows the mailbox, or when a service that
 * knows more may not receive our credentials. Failures: `cancelled`, and failures that make further requests futile.
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

// RFC 5321, 4.5.3.1: 64 octets, @, 255 octets. Only visible ASCII is allowed in an HTTP header.
const longestAddress = 320;

function addressOf(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= longestAddress && /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/.test(text)
    ? text
    : undefined;
}
