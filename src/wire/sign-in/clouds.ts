/** The hosts of one Microsoft cloud. */
export interface Cloud {
  /** Host of Microsoft Entra ID. */
  readonly login: string;
  readonly graph: string;
  /** Host of Exchange Web Services and of the Exchange admin interface. */
  readonly exchange: string;
}

/**
 * The clouds, by their names in settings. GCC belongs to the worldwide cloud.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud
 * @see https://learn.microsoft.com/en-us/graph/deployments
 */
export const clouds = {
  worldwide: { login: "login.microsoftonline.com", graph: "graph.microsoft.com", exchange: "outlook.office365.com" },
  "us-gcc-high": { login: "login.microsoftonline.us", graph: "graph.microsoft.us", exchange: "outlook.office365.us" },
  "us-dod": { login: "login.microsoftonline.us", graph: "dod-graph.microsoft.us", exchange: "outlook-dod.office365.us" },
  china: { login: "login.partner.microsoftonline.cn", graph: "microsoftgraph.chinacloudapi.cn", exchange: "outlook.office365.cn" },
} as const satisfies Record<string, Cloud>;

export type CloudName = keyof typeof clouds;

/** Returns the scope of a token request: everything granted to the application at this resource. */
export function scopeOf(cloud: CloudName, resource: "exchange" | "graph"): string {
  return `https://${clouds[cloud][resource]}/.default`;
}

/** Returns the URL of Exchange Web Services of Exchange Online. */
export function onlineEws(cloud: CloudName): URL {
  return new URL(`https://${clouds[cloud].exchange}/EWS/Exchange.asmx`);
}

/** Returns the URL of Microsoft Graph, in the version that Microsoft keeps stable. */
export function onlineGraph(cloud: CloudName): URL {
  return new URL(`https://${clouds[cloud].graph}/v1.0`);
}

/** Returns true for Exchange Web Services of a Microsoft cloud, which fail for other reasons than on premises. */
export function isOnline(url: URL): boolean {
  return Object.values(clouds).some(({ exchange }) => exchange === url.hostname);
}
