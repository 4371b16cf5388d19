import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogueFile } from "../scripts/catalogue-file.ts";
import { withPermissionRows } from "../scripts/guide-permissions.ts";
import { referencePages } from "../scripts/reference.ts";
import { catalogue } from "../src/actions/index.ts";
import { actionNames } from "../src/actions/load.ts";
import { inPlaybookOrder } from "../src/actions/playbook-order.ts";
import { type Action, defineWholeAnswerAction } from "../src/catalogue/action-definition.ts";
import { commonFields } from "../src/catalogue/common-fields.ts";
import { planGraph } from "../src/doctor/leaving-ews/migration-plan.ts";
import { automationService } from "../src/faces/automation-service/bundle.ts";
import { mcpServer } from "../src/faces/mcp/server.ts";
import { loadSettings } from "../src/settings/load-settings.ts";
import { type LabHost, openLabHost } from "./actions/lab-host.ts";
import { examine, folder, openLab, service } from "./doctor/examine.ts";
import { online, works } from "./doctor/online.ts";
import { startToys } from "./faces/http/server.ts";
import { admin, state } from "./faces/http/stage.ts";
import { catalogueOf, toy } from "./faces/toy.ts";

/** All that somebody writes who adds an action. No other file knows of it. */
const countContacts = defineWholeAnswerAction({
  name: "count-contacts",
  title: "Count Contacts",
  summary: "Count the contacts of a mailbox.",
  uses: ["contacts"],
  sometimes: [{ uses: ["outOfOffice"], when: "with `unless_away`" }],
  overGraph: { supported: "some", differs: "Groups are not counted.", why: "Graph has none." },
  input: z.strictObject({ ...commonFields, unless_away: z.boolean().default(false).describe("Of nobody who is away.") }),
  output: z.strictObject({ message: z.string(), contacts: z.number() }),
  example: { mailbox: "reception@example.com" },
}).run(async ({ unless_away }, { mailbox }) => {
  if (unless_away && (await mailbox.outOfOffice()).state !== "Disabled") return { message: "Away.", contacts: 0 };
  const { contacts } = await mailbox.contacts({ folder: undefined, recursive: true, includeGroups: false, limit: 1000 });
  return { message: `${contacts.length} counted.`, contacts: contacts.length };
});
const { name } = countContacts;
const more: readonly Action[] = [...catalogue, countContacts];
const guide = (file: string) => readFileSync(new URL(`../docs/${file}`, import.meta.url), "utf8");

describe("an action that was added to the list alone", () => {
  test("is checked by `doctor` over EWS", async () => {
    const report = await examine(service(await openLab()), { actions: more });
    expect(report.message).toBe(`All ${more.length} actions would work.`);
    expect(report.actions.at(-1)).toMatchObject({ action: name, works: "yes" });
  });

  test("is checked by `doctor` over Microsoft Graph for the permissions that follow from what it uses", async () => {
    const { report } = await online(["Mail.Read"], { actions: [countContacts] });
    expect(report.actions).toMatchObject([{ action: name, works: "no", missing: ["Contacts.Read"] }]);
    const granted = (await online(["Contacts.Read"], { actions: [countContacts] })).report;
    expect(works(granted)).toEqual({ [name]: "yes" });
    expect(granted.step("graph-permissions").found).toContain(`${name} needs MailboxSettings.Read with \`unless_away\``);
  });

  test("is in the plan of the move to Microsoft Graph, with what differs", async () => {
    const environment = { MAILCORDON_EWS_URL: "https://mail.example.com/EWS/Exchange.asmx", MAILCORDON_TOKEN: "a.b.c" };
    const load = () => loadSettings({ environment, directory: folder() });
    const { plan } = await planGraph({ actions: more, isAll: true, load, written: async () => ({}), offline: true });
    expect(plan.actions.at(-1)).toMatchObject({
      action: name,
      supported: "some",
      differs: "Groups are not counted.",
      partly: [{ permissions: ["MailboxSettings.Read"], when: "with `unless_away`" }],
    });
    expect(plan.permissions.find(({ permission }) => permission === "Contacts.Read")?.actions).toEqual(["get-contacts", name]);
  });

  test("is in every page that is generated, and takes nothing of the others away", async () => {
    const [before, after] = [await referencePages(catalogue), await referencePages(more)];
    const snake = name.replaceAll("-", "_");
    const spelled: Readonly<Record<string, string>> = {
      "actions.md": `## ${name}`,
      "automation-service.md": `## ${countContacts.title}`,
      "backends.md": `| \`${name}\` | yes | in part | Groups are not counted. | Graph has none. |`,
      "mcp-tools.md": `| \`${snake}\` | ${countContacts.title} |`,
      "permissions.md": `| \`${name}\` | read | \`read\` | impersonation, or a delegate who may read; with \`unless_away\`, impersonation, or a delegate who may read | \`Contacts.Read\` | \`MailboxSettings.Read\`: with \`unless_away\` |`,
      "openapi.json": `"/v1/actions/${name}"`,
    };
    for (const [page, text] of after) {
      // The failures are no action's, and neither is the verifier of evidence archives.
      if (page !== "failures.md" && page !== "verify.py")
        expect([page, text.includes(spelled[page] ?? "no such page is known here")]).toEqual([page, true]);
      // In JSON a line that was the last of its list has a comma now.
      const lines = new Set(text.split("\n").map((line) => line.replace(/,$/, "")));
      const gone = before
        .get(page)
        ?.split("\n")
        .filter((line) => !lines.has(line.replace(/,$/, "")));
      expect([page, gone]).toEqual([page, []]);
    }
    expect([...after.keys()]).toEqual([...before.keys()]);
  });

  test("is named by the guides for its permissions, and by the library", () => {
    expect(withPermissionRows(guide("leave-ews.md"), more)).toContain(`| \`Contacts.Read\` | \`get-contacts\`, \`${name}\` |`);
    expect(withPermissionRows(guide("connect-exchange-online.md"), more)).toContain(`; \`${name}\` with \`unless_away\``);
    const file = catalogueFile([...actionNames, name]);
    expect(file).toContain(`import { countContacts } from "./${name}.ts";`);
    expect(file.match(/^ {2}countContacts,$/gm)).toHaveLength(2);
  });

  describe("is offered by every face:", () => {
    const input = { mailbox: "reception@example.com" };
    const answer = { success: true, message: expect.stringMatching(/^[1-9]\d* counted\.$/), contacts: expect.any(Number) };
    let at: LabHost;
    beforeAll(async () => {
      at = await openLabHost();
    });
    afterAll(() => at.close());
    const opened = () => ({
      ...at.host,
      evidence: at.host.evidence,
      audit: undefined,
      connection: "lab",
      readFile: () => Promise.reject(new Error("not asked")),
    });

    test("the command line", async () => {
      const given = { catalogue: catalogueOf(more), open: async () => opened() };
      const { code, out } = await toy([name, "--mailbox", input.mailbox], given);
      expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining(answer)]);
      expect((await toy(["actions"], { ...given, terminal: true })).out).toContain(countContacts.summary);
      expect((await toy([name, "--help"], given)).out).toContain("--unless-away");
    });

    test("HTTP", async () => {
      const connections = { names: ["lab"], defaultName: "lab", open: async () => opened() };
      const server = await startToys(state, {}, { catalogue: catalogueOf(more), connections });
      try {
        const { status, json } = await server.call(`/v1/actions/${name}`, { key: admin, body: input });
        expect([status, json]).toEqual([200, expect.objectContaining(answer)]);
        expect((await server.call(`/v1/actions/${name}`, { key: admin })).json).toMatchObject({ name, role: "read", effect: "read" });
        expect((await server.call("/openapi.json", { key: admin })).json.paths).toHaveProperty([`/v1/actions/${name}`]);
      } finally {
        await server.close();
      }
    });

    test("MCP", async () => {
      const server = mcpServer({ actions: more, host: opened(), findEvidence: async () => undefined, version: "1" });
      const client = new Client({ name: "test", version: "0" });
      const [one, other] = InMemoryTransport.createLinkedPair();
      await Promise.all([server.connect(one), client.connect(other)]);
      try {
        const { structuredContent } = await client.callTool({ name: "count_contacts", arguments: input });
        expect(structuredContent).toMatchObject(answer);
      } finally {
        await client.close();
      }
    });

    test("Sumo Logic's Automation Service, after those that playbooks know", async () => {
      const { files, actions } = await automationService(inPlaybookOrder(more), { name: "Mailcordon", version: "1.0" });
      expect(actions.at(-1)).toMatchObject({ name: countContacts.title, type: "Enrichment" });
      expect(actions.at(-1)?.fields.map(({ id }) => id)).toContain("unless_away");
      expect([...files.keys()]).toContain(`actions/${more.length}-${name}.action.yaml`);
    });
  });
});

test("an action does not compile that asks the port for more than it declares, or declares nothing", async () => {
  const words = { name, title: "T", summary: "S", input: z.strictObject({}), output: z.strictObject({}) };
  const asking = defineWholeAnswerAction({ ...words, uses: ["contacts"], overGraph: countContacts.overGraph }).run(
    async (_, { mailbox }) => {
      // @ts-expect-error outOfOffice is not declared.
      await mailbox.outOfOffice();
      return {};
    },
  );
  // @ts-expect-error What it uses is not declared.
  const silent = defineWholeAnswerAction({ ...words, overGraph: countContacts.overGraph });
  // @ts-expect-error What differs over Graph is not declared.
  const same = defineWholeAnswerAction({ ...words, uses: [] });
  expect([asking.uses, silent, same]).toEqual([["contacts"], expect.anything(), expect.anything()]);
});
