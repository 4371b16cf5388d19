import { randomUUID } from "node:crypto";
import type { Row } from "../catalogue/action-definition.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import type { Screen } from "../faces/cli/screen.ts";
import { table } from "../faces/cli/table.ts";
import { foundText } from "../faces/cli/tell.ts";
import { harmless } from "../faces/cli/terminal.ts";
import { Failure } from "../failure.ts";
import { type AuditLog, openAudit } from "../perform/audit/audit-log.ts";
import { openHeadFile } from "../perform/audit/audit-log-end.ts";
import { operatingSystemUser } from "../perform/operating-system-user.ts";
import { loadAudit, readWrittenSettings } from "../settings/load-settings.ts";
import { readServe } from "../settings/serve-settings.ts";
import { interfaces, type KeyEntry, type Keys, roles } from "../state/keys.ts";
import { openState } from "../state/state.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { helpHint, readArguments } from "./command-arguments.ts";

const usage = `mailcordon keys: manages the API keys for mailcordon serve.

  keys add --name NAME --role ROLES   Creates an API key and shows it once.
  keys list                           Lists all API keys without their secrets.
  keys revoke ID                      Revokes an API key immediately.

  --name NAME         Who uses the API key, at most 200 characters. Required
                      for add.
  --role ROLES        Roles that the API key grants, comma-separated: read,
                      contain (change and delete), send, approve (approve
                      sweeps), admin (all of them). Required for add.
  --owner PERSON      Person who has the API key, such as an email address or
                      the subject of their tokens. Sweeps that need the
                      approval of another person take only keys with an owner.
  --mailbox ADDRESS   Mailbox the API key is limited to, or *@example.com for a
                      domain; may be repeated. Default: every mailbox.
  --connection NAME   Connection the API key is limited to; may be repeated.
                      Default: every connection.
  --interface NAME    Interfaces the API key is limited to, comma-separated:
                      http, mcp. Default: both.
  --expires-days N    Days until the API key expires. Default: serve.key_days of
                      the settings; without it the API key never expires.
  --config FILE       Settings file. Default: mailcordon.yaml in this folder,
                      then in ~/.config/mailcordon/.
  --json              Print one JSON document, even on a terminal.
  --quiet             Print nothing on standard error.
  --help              Show this help.
`;

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const toggle = { type: "boolean" } as const;
const options = {
  ...{ name: text, owner: text, role: texts, mailbox: texts, connection: texts, interface: texts, "expires-days": text, config: text },
  ...{ json: toggle, quiet: toggle, help: { type: "boolean", short: "h" } as const },
};

/** Runs `mailcordon keys` and returns the exit code. Throws Failure. */
export async function runKeys(args: readonly string[], screen: Screen): Promise<number> {
  const { values, positionals } = readArguments("keys", args, options, true);
  if (values.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const [what, id, ...rest] = positionals;
  const known = what === "add" || what === "list" || what === "revoke";
  if (!known || rest.length > 0 || (what === "revoke") !== (id !== undefined)) {
    throw new Failure("invalid-input", "Use mailcordon keys add, keys list or keys revoke ID.", { hint: helpHint("keys") });
  }
  const wanted = what === "add" ? readNewKey(values) : undefined;
  const written = await readWrittenSettings({ flags: { config: values.config } });
  if (written.foundFile !== undefined) screen.stderr.write(foundText(written.foundFile));
  const unknown = wanted?.grant.connections?.find((name) => !written.connections.includes(name));
  if (unknown !== undefined) {
    throw new Failure(
      "invalid-input",
      `--connection: there is no connection ${unknown}. The settings have: ${written.connections.join(", ")}.`,
    );
  }
  const { stateDir, databaseUrl, keyDays } = readServe(written);
  const state = await openState({ directory: stateDir, databaseUrl });
  try {
    const audit = await loadAudit({ flags: { config: values.config } });
    const log = openAudit(audit.file, {
      exclusively: state.exclusively,
      heads: [openHeadFile(audit.heads, audit.file), state.auditHead(audit.file)],
      key: audit.key?.reveal(),
    });
    const { document, shown } =
      wanted !== undefined
        ? await add(state.keys, withDefaultExpiry(wanted, keyDays), log)
        : id !== undefined
          ? await revoke(state.keys, id, log)
          : await list(state.keys);
    const json = screen.stdout.isTTY !== true || values.json === true;
    screen.stdout.write(json ? `${harmlessJson(document, screen.stdout.isTTY ? 2 : 0)}\n` : `${shown(screen.stdout.columns || 100)}\n`);
    return 0;
  } finally {
    await state.close();
  }
}

interface KeyReport {
  readonly document: object;
  readonly shown: (columns: number) => string;
}

type NewKey = Parameters<Keys["create"]>[0];

function readNewKey(values: {
  readonly name?: string | undefined;
  readonly owner?: string | undefined;
  readonly role?: string[] | undefined;
  readonly mailbox?: string[] | undefined;
  readonly connection?: string[] | undefined;
  readonly interface?: string[] | undefined;
  readonly "expires-days"?: string | undefined;
}): NewKey {
  const { name = "", owner, mailbox, connection } = values;
  if (name.trim() === "" || name.length > 200)
    throw new Failure("invalid-input", "--name must be 1 to 200 characters: who uses the API key.");
  if (owner !== undefined && (owner.trim() === "" || owner.length > 255))
    throw new Failure("invalid-input", "--owner must be 1 to 255 characters: the person who has the API key.");
  const expires = values["expires-days"];
  const days = expires === undefined ? undefined : Number(expires);
  if (days !== undefined && !(days > 0 && days <= 36_500))
    throw new Failure("invalid-input", "--expires-days must be a number of days, at most 36500.");
  for (const address of mailbox ?? []) {
    if (!/^[^\s@*]+@[^\s@*]+$|^\*@[^\s@*]+$/.test(address))
      throw new Failure("invalid-input", "--mailbox must be an address, or *@ and a domain.");
  }
  return {
    name,
    owner: owner?.trim(),
    grant: {
      roles: namesIn(roles, values.role ?? [], "role"),
      mailboxes: mailbox,
      connections: connection,
      interfaces: values.interface && namesIn(interfaces, values.interface, "interface"),
    },
    ...(days === undefined ? {} : { expiresAt: inDays(days) }),
  };
}

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);

/** Returns the API key with the default expiry of the settings, unless it has its own. */
function withDefaultExpiry(wanted: NewKey, days: number | undefined): NewKey {
  return wanted.expiresAt !== undefined || days === undefined ? wanted : { ...wanted, expiresAt: inDays(days) };
}

/** Returns the comma-separated names of a flag. Throws Failure `invalid-input`. */
function namesIn<Name extends string>(known: readonly Name[], given: readonly string[], flag: string): readonly Name[] {
  const names = given.flatMap((each) => each.split(",").map((name) => name.trim()));
  const found = known.filter((one) => names.includes(one));
  if (found.length === 0 || names.some((name) => !known.some((one) => one === name))) {
    throw new Failure("invalid-input", `--${flag} must be one or more of ${known.join(", ")}, comma-separated.`, {
      hint: helpHint("keys"),
    });
  }
  return found;
}

/** Writes the entry before the change, as for every change: if it cannot be written, nothing is changed. */
async function auditKeyChange(log: AuditLog, action: string, target: Row): Promise<void> {
  const who = { actor: operatingSystemUser(), mailbox: "", backend: "", call_id: randomUUID() };
  await log.append({ phase: "began", action, effect: "change", ...who, targets: [target] });
}

async function add(keys: Keys, wanted: NewKey, log: AuditLog): Promise<KeyReport> {
  const { name, owner, grant, expiresAt } = wanted;
  const { roles: roleNames, ...limits } = grant;
  await auditKeyChange(log, "keys add", omitUndefined({ name, owner, roles: roleNames, ...limits, expires_at: expiresAt?.toISOString() }));
  const { id, secret } = await keys.create(wanted);
  const document = {
    success: true,
    message: `API key ${id} was created. Its secret is shown only this once.`,
    ...rowOf({ id, name, owner, grant, expiresAt }),
    key: secret,
  };
  return { document, shown: () => `API key ${id} for ${harmless(name)} was created. It is shown only this once:\n\n${secret}\n` };
}

async function list(keys: Keys): Promise<KeyReport> {
  const entries = (await keys.list()).map(rowOf);
  const message = entries.length === 0 ? "There are no API keys." : `${entries.length} ${entries.length === 1 ? "API key" : "API keys"}.`;
  return {
    document: { success: true, message, keys: entries },
    shown: (columns) =>
      entries.length === 0 ? message : table(entries, columns, { first: ["id", "name", "roles", "status"], note: false }),
  };
}

async function revoke(keys: Keys, id: string, log: AuditLog): Promise<KeyReport> {
  await auditKeyChange(log, "keys revoke", { id });
  if (!(await keys.revoke(id)))
    throw new Failure("not-found", "There is no valid API key with this id.", { hint: "Find the id with `mailcordon keys list`." });
  const message = `API key ${harmless(id)} was revoked.`;
  return { document: { success: true, message, id }, shown: () => message };
}

function rowOf({
  id,
  name,
  owner,
  grant,
  createdAt,
  expiresAt,
  revokedAt,
  lastUsedAt,
}: Omit<KeyEntry, "createdAt"> & Partial<Pick<KeyEntry, "createdAt">>) {
  const expired = expiresAt !== undefined && expiresAt.getTime() <= Date.now();
  const times = { created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt, last_used_at: lastUsedAt };
  return {
    id,
    name,
    ...(owner === undefined ? {} : { owner }),
    roles: grant.roles,
    status: revokedAt !== undefined ? "revoked" : expired ? "expired" : "valid",
    ...(grant.mailboxes === undefined ? {} : { mailboxes: grant.mailboxes }),
    ...(grant.connections === undefined ? {} : { connections: grant.connections }),
    ...(grant.interfaces === undefined ? {} : { interfaces: grant.interfaces }),
    ...Object.fromEntries(Object.entries(times).flatMap(([column, time]) => (time === undefined ? [] : [[column, time.toISOString()]]))),
  };
}
