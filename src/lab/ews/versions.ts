/** The values of ServerVersionInfo by product: build numbers and the newest schema. */
export const serverVersions = {
  Exchange2013: { major: 15, minor: 0, majorBuild: 1497, minorBuild: 48, schema: "V2_23" },
  Exchange2016: { major: 15, minor: 1, majorBuild: 2507, minorBuild: 35, schema: "V2017_07_11" },
  Exchange2019: { major: 15, minor: 2, majorBuild: 1544, minorBuild: 11, schema: "V2017_07_11" },
  ExchangeSE: { major: 15, minor: 2, majorBuild: 2562, minorBuild: 17, schema: "V2017_07_11" },
} as const;

export type Product = keyof typeof serverVersions;

/**
 * Values of RequestServerVersion that Exchange SE knows, oldest first.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/requestserverversion
 */
const requestVersions: readonly string[] = [
  ...["Exchange2007", "Exchange2007_SP1", "Exchange2009", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2", "Exchange2012"],
  ...["Exchange2013", "Exchange2013_SP1", "Exchange2015", "Exchange2016", "V2015_10_05", "V2016_01_06", "V2016_04_13", "V2016_07_13"],
  ...["V2016_10_10", "V2017_01_07", "V2017_04_14", "V2017_07_11"],
];

export const newestRequestVersion = "V2017_07_11";

/** The first version of each operation that did not come with Exchange 2007. */
const since: Readonly<Record<string, string>> = {
  EmptyFolder: "Exchange2010_SP1",
  ExportItems: "Exchange2010_SP1",
  FindPeople: "Exchange2013",
  GetInboxRules: "Exchange2010_SP1",
  GetSearchableMailboxes: "Exchange2013",
  GetServerTimeZones: "Exchange2010",
  GetStreamingEvents: "Exchange2010_SP1",
  MarkAllItemsAsRead: "Exchange2013",
  MarkAsJunk: "Exchange2013",
  SearchMailboxes: "Exchange2013",
  UpdateInboxRules: "Exchange2010_SP1",
  UploadItems: "Exchange2010_SP1",
};

/** Returns whether a server whose newest version is `newest` accepts this version. */
export function isRequestVersion(version: string, newest = newestRequestVersion): boolean {
  const at = requestVersions.indexOf(version);
  return at >= 0 && at <= requestVersions.indexOf(newest);
}

/** Returns whether an operation exists in the requested version. */
export function supports(version: string, operation: string): boolean {
  return requestVersions.indexOf(version) >= requestVersions.indexOf(since[operation] ?? "Exchange2007");
}
