/** The new back end of a connection. `auto`: a hybrid connection, whose mailboxes on premises stay with EWS. */
export type Target = "graph" | "auto";

/** One changed setting, and the reason. */
export interface SettingChange {
  readonly setting: string;
  readonly change: "add" | "remove" | "replace";
  readonly why: string;
}

export interface MovedSettings {
  readonly changes: readonly SettingChange[];
  /** The complete new connection for mailcordon.yaml, next to the old one. */
  readonly yaml: string;
}

type SettingsTree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is SettingsTree => typeof value === "object" && value !== null && !Array.isArray(value);
const treeAt = (tree: SettingsTree, key: string): SettingsTree | undefined => {
  const value = tree[key];
  return isTree(value) ? value : undefined;
};
const without = (tree: SettingsTree | undefined, ...keys: readonly string[]): SettingsTree =>
  Object.fromEntries(Object.entries(tree ?? {}).filter(([key]) => !keys.includes(key)));

/** Converts the settings of an EWS connection, `written` as in mailcordon.yaml, for Microsoft Graph. */
export async function movedSettings(name: string, written: SettingsTree, target: Target): Promise<MovedSettings> {
  const { stringify } = await import("../../libraries/yaml.ts");
  const { changes, connection } = target === "graph" ? toGraph(written) : toBoth(written);
  const used = Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined && !isEmpty(value)));
  return { changes, yaml: stringify({ connections: { [`${name}-graph`]: used } }, { lineWidth: 0 }) };
}

function isEmpty(value: unknown): boolean {
  return isTree(value) && Object.keys(value).length === 0;
}

interface MoveContext {
  readonly changes: readonly SettingChange[];
  readonly connection: SettingsTree;
}

function toGraph(written: SettingsTree): MoveContext {
  const auth = treeAt(written, "auth") ?? {};
  const oauth = treeAt(auth, "oauth");
  const tls = treeAt(written, "tls");
  const gone: readonly (readonly [string, boolean, string])[] = [
    ["ews", !isEmpty(written.ews ?? {}), "the cloud determines the address of Graph; graph.url is only for another address"],
    ["access", written.access !== undefined, "over Graph the permissions of the application decide"],
    ["impersonate_by", written.impersonate_by !== undefined, "Graph has no impersonation"],
    ["auth.oauth.scope", oauth?.scope !== undefined, "it is the scope of EWS; that of Graph comes from the cloud"],
    ["tls.server_name", tls?.server_name !== undefined, "it is the name of another certificate"],
  ];
  const bearer: SettingChange = {
    setting: "auth.bearer.token",
    change: "replace",
    why: "a token is valid for one resource: get one for Graph, or use auth.oauth, which renews it",
  };
  return {
    changes: [
      { setting: "backend", change: changeOf(written.backend), why: "graph: Microsoft Graph instead of EWS" },
      ...gone.flatMap(([setting, isThere, why]) => (isThere ? [{ setting, change: "remove" as const, why }] : [])),
      ...(auth.bearer === undefined ? [] : [bearer]),
    ],
    connection: {
      backend: "graph",
      ...without(written, "backend", "ews", "access", "impersonate_by", "auth", "tls"),
      auth: oauth === undefined ? auth : { ...auth, oauth: without(oauth, "scope") },
      tls: without(tls, "server_name"),
    },
  };
}

/** Values that an administrator gets from the registration, to be filled in. */
const application: SettingsTree = {
  tenant: "example.onmicrosoft.com",
  client_id: "11111111-2222-3333-4444-555555555555",
  client_secret: "env:MAILCORDON_CLIENT_SECRET",
};

function toBoth(written: SettingsTree): MoveContext {
  const auth = treeAt(written, "auth") ?? {};
  const isReady = auth.oauth !== undefined;
  const changes: readonly SettingChange[] = [
    { setting: "backend", change: changeOf(written.backend), why: "auto: each mailbox over the back end that holds it" },
    ...(isReady
      ? []
      : [
          { setting: "ews.auth", change: "add" as const, why: "how the account signs in on premises, as it does today" },
          {
            setting: "auth.oauth",
            change: "replace" as const,
            why: "the application that reaches Graph: tenant, client_id and credential are those of its registration",
          },
        ]),
  ];
  const ews = treeAt(written, "ews") ?? {};
  return {
    changes,
    connection: {
      backend: "auto",
      ...without(written, "backend", "auth", "ews"),
      auth: isReady ? auth : { oauth: application },
      ews: isReady ? ews : { ...ews, auth },
    },
  };
}

function changeOf(written: unknown): "add" | "replace" {
  return written === undefined ? "add" : "replace";
}
