import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { actionNames } from "../../../src/actions/load.ts";
import { runDoctor } from "../../../src/commands/doctor-command.ts";
import { type MigrationPlan, planGraph } from "../../../src/doctor/leaving-ews/migration-plan.ts";
import { failures } from "../../../src/failure.ts";
import { action } from "../../../src/index.ts";
import type { LabOptions } from "../../../src/lab/lab.ts";
import type { Registration } from "../../../src/lab/sign-in/app-registration.ts";
import { loadSettings, readWrittenConnection } from "../../../src/settings/load-settings.ts";
import { clientId, secret, tenantId, tenantWith } from "../../wire/sign-in/tenant.ts";
import { basic, folder, openLab, type Setting } from "../examine.ts";

const every = ["Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "Contacts.Read", "User.ReadBasic.All"];
const mailbox = "user03@example.com";

interface Asked {
  readonly offline?: boolean;
  readonly actions?: readonly string[];
}

/** Returns the plan for one connection, and the settings of a file changed as the plan says. */
async function planned(connection: Setting, { actions = actionNames, ...asked }: Asked = {}) {
  const directory = folder();
  for (const name of ["HOME", "XDG_CACHE_HOME"]) vi.stubEnv(name, directory);
  writeFileSync(join(directory, "mailcordon.yaml"), JSON.stringify({ connections: { prod: connection } }));
  const place = { directory, environment: { CLIENT_SECRET: secret, SECRET: "lab-password" } };
  const { plan, exit } = await planGraph({
    actions: actions.map(action),
    isAll: actions === actionNames,
    load: () => loadSettings(place),
    written: () => readWrittenConnection(place),
    ...asked,
  });
  const moved = join(directory, "moved.yaml");
  writeFileSync(moved, plan.settings.yaml);
  const environment = { ...place.environment, MAILCORDON_CLIENT_SECRET: secret };
  const settings = () => loadSettings({ ...place, environment, flags: { config: moved } });
  return { plan, exit, settings };
}

/** Returns a connection over EWS whose application also has these permissions at Graph. */
async function existing(graph: readonly string[], registration: Partial<Registration> = {}, options: LabOptions = {}) {
  const lab = await openLab({ tenant: tenantWith({ roles: { exchange: ["full_access_as_app"], graph }, ...registration }), ...options });
  const oauth = { tenant: tenantId, client_id: clientId, authority: lab.url, client_secret: "env:CLIENT_SECRET" };
  const setting = { ews: { url: lab.ewsUrl }, graph: { url: lab.graphUrl }, auth: { oauth }, mailbox, access: "impersonation" };
  return { lab, setting };
}

const granted = ({ permissions }: MigrationPlan) => Object.fromEntries(permissions.map(({ permission, granted: it }) => [permission, it]));

describe("with a token for Graph from the same registration", () => {
  test("nothing is missing if every permission is granted, and the printed settings work", async () => {
    const { lab, setting } = await existing(every);
    const { plan, exit, settings } = await planned(setting);
    expect([plan.success, plan.ready, plan.looked, plan.target, exit]).toEqual([true, "yes", true, "graph", 0]);
    expect(plan.grant).toEqual([]);
    const { connection } = await settings();
    expect(connection).toMatchObject({ name: "prod-graph", backend: "graph", mailbox, auth: { kind: "oauth", clientId } });
    expect(connection.graph.url.href).toBe(lab.graphUrl);
    expect(plan.settings.changes.map(({ setting: name, change }) => [change, name])).toEqual([
      ["add", "backend"],
      ["remove", "ews"],
      ["remove", "access"],
    ]);
    expect(new Set(lab.requests.map(({ operation, method }) => (operation === undefined ? "GET" : method)))).toEqual(new Set(["GET"]));
    expect(JSON.stringify(plan)).not.toContain(secret);
  });

  test("a missing permission is named with its actions and the commands for this application", async () => {
    const { setting } = await existing(["Mail.Read"]);
    const { plan, exit } = await planned(setting, { actions: ["delete-email", "download-mail-as-eml", "send-email"] });
    expect([plan.ready, exit]).toEqual(["no", failures["role-missing"].exit]);
    expect(granted(plan)).toEqual({ "Mail.Read": "yes", "Mail.ReadWrite": "no", "Mail.Send": "no" });
    expect(plan.permissions.find(({ permission }) => permission === "Mail.ReadWrite")?.actions).toEqual(["delete-email", "send-email"]);
    expect(plan.actions.map(({ action, works }) => [action, works])).toEqual([
      ["delete-email", "no"],
      ["download-mail-as-eml", "yes"],
      ["send-email", "no"],
    ]);
    expect(plan.grant.join("\n")).toContain(`appId eq ''${clientId}''`);
    expect(plan.grant.join("\n")).toContain("Where-Object Value -eq 'Mail.ReadWrite'");
    expect(plan.grant.join("\n")).not.toContain("'Contacts.Read'");
    expect(plan.grant.at(-1)).toContain("--actions delete-email,download-mail-as-eml,send-email");
  });

  test("a mailbox on premises makes it a hybrid connection, that keeps EWS for it", async () => {
    const { setting } = await existing([...every, "User.Read.All"], {}, { onPremises: [mailbox] });
    const { plan, settings } = await planned(setting);
    expect([plan.target, plan.ready]).toEqual(["auto", "no"]);
    const { connection } = await settings();
    expect(connection).toMatchObject({ backend: "auto", access: "impersonation", auth: { kind: "oauth" } });
    expect(connection.ews.url).toBeDefined();
    expect(plan.afterwards).toEqual([]);
  });

  test("a refused registration is reported, and the plan is still printed", async () => {
    const { setting } = await existing(every, { disabled: true });
    const { plan, exit } = await planned(setting);
    expect(plan.steps.find(({ name }) => name === "graph-token")?.status).toBe("failed");
    expect([plan.success, exit === 0, plan.ready]).toEqual([false, false, "no"]);
    expect(Object.values(granted(plan))).toEqual(Object.values(granted(plan)).map(() => "unknown"));
    expect(plan.settings.yaml).toContain("backend: graph");
  });
});

describe("offline", () => {
  test("no server is asked, and every part of the plan is printed", async () => {
    const { lab, setting } = await existing(every);
    const { plan, exit } = await planned(setting, { offline: true });
    expect(lab.requests).toEqual([]);
    expect([plan.looked, plan.ready, exit, plan.steps]).toEqual([false, "unknown", 0, []]);
    expect(plan.actions.map(({ action }) => action)).toEqual(actionNames);
    for (const { action: name, differs, why } of plan.actions)
      expect([name, differs, why]).toEqual([name, action(name).overGraph.differs, action(name).overGraph.why]);
    expect(plan.ids.map(({ id }) => id)).toContain("item_id of EWS");
  });

  test("settings for EWS alone are dropped for Exchange Online", async () => {
    const oauth = {
      tenant: "example.onmicrosoft.com",
      client_id: clientId,
      client_secret: "env:CLIENT_SECRET",
      scope: "https://outlook.office365.com/.default",
    };
    const tls = { server_name: "mail.example.com", min_version: "TLSv1.3" };
    const { plan, settings } = await planned({ auth: { oauth }, impersonate_by: "upn", tls, mailbox }, { offline: true });
    expect(plan.settings.changes.map(({ setting }) => setting)).toEqual([
      "backend",
      "impersonate_by",
      "auth.oauth.scope",
      "tls.server_name",
    ]);
    expect(parse(plan.settings.yaml).connections["prod-graph"]).toEqual({
      backend: "graph",
      mailbox,
      auth: { oauth: { tenant: oauth.tenant, client_id: clientId, client_secret: "env:CLIENT_SECRET" } },
      tls: { min_version: "TLSv1.3" },
    });
    expect((await settings()).connection.backend).toBe("graph");
    expect(plan.afterwards.join(" ")).toContain("full_access_as_app");
  });

  test("an account on premises is unchanged beside an application for Graph", async () => {
    const { plan, settings } = await planned({ ews: { url: "https://mail.example.com/EWS/Exchange.asmx" }, auth: basic(), mailbox });
    expect([plan.looked, plan.target, plan.ready]).toEqual([false, "auto", "unknown"]);
    expect(plan.why_not_looked).toContain("setup entra");
    const { connection } = await settings();
    expect(connection).toMatchObject({ backend: "auto", auth: { kind: "oauth" }, ews: { auth: { kind: "basic" } } });
  });

  test("a national cloud is reported with the functions that its actions lack", async () => {
    const oauth = { tenant: "example.onmicrosoft.com", client_id: clientId, client_secret: "env:CLIENT_SECRET", cloud: "china" };
    const { plan } = await planned({ auth: { oauth }, mailbox }, { offline: true, actions: ["delete-email"] });
    expect(plan.target).toBe("graph");
    expect(plan.actions[0]?.differs).toContain("This cloud has no permanentDelete");
  });
});

describe("the command", () => {
  /** Returns the output on a terminal of 100 columns, and the exit code. */
  async function command(words: readonly string[], terminal = true) {
    let out = "";
    const write = (text: string) => {
      out += text;
    };
    const stream = { isTTY: terminal, columns: 100, write };
    const screen = { stdin: process.stdin, stdout: stream, stderr: stream, signal: new AbortController().signal };
    const code = await runDoctor(words, screen as unknown as Parameters<typeof runDoctor>[1]);
    return { out, code };
  }

  test("shows what the guide shows", async () => {
    const directory = folder();
    vi.stubEnv("MAILCORDON_CLIENT_SECRET", secret);
    const oauth = {
      tenant: "example.onmicrosoft.com",
      client_id: "11111111-2222-3333-4444-555555555555",
      client_secret: "env:MAILCORDON_CLIENT_SECRET",
    };
    const config = join(directory, "mailcordon.yaml");
    writeFileSync(
      config,
      JSON.stringify({ connections: { online: { backend: "ews", auth: { oauth }, mailbox: "soc@example.com", access: "impersonation" } } }),
    );
    const guide = readFileSync(join(import.meta.dirname, "../../../docs/leave-ews.md"), "utf8");
    const [, words = "", shown] = /^```\n\$ mailcordon doctor (.*)\n([\s\S]*?)^```$/m.exec(guide) ?? [];
    const { out, code } = await command([...words.split(" "), "--config", config]);
    expect(out).toBe(shown);
    expect(code).toBe(0);
  });

  test("prints one JSON document outside a terminal, and exits with the code of the blocking step", async () => {
    const { setting } = await existing([]);
    const directory = folder();
    for (const name of ["HOME", "XDG_CACHE_HOME"]) vi.stubEnv(name, directory);
    vi.stubEnv("CLIENT_SECRET", secret);
    const config = join(directory, "mailcordon.yaml");
    writeFileSync(config, JSON.stringify({ connections: { prod: setting } }));
    const { out, code } = await command(["--plan", "graph", "--config", config], false);
    expect(JSON.parse(out)).toMatchObject({ success: false, ready: "no", target: "graph", looked: true });
    expect(code).toBe(failures["access-denied"].exit);
  });

  test.each([[["--plan", "ews"]], [["--offline"]]])("refuses %j", async (words) => {
    await expect(command(words)).rejects.toMatchObject({ code: "invalid-input" });
  });
});
