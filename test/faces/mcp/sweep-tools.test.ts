import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { backends } from "../../actions/lab-host.ts";
import { soon } from "../../soon.ts";
import { openSweepServer, type SweepServer } from "../../sweeps/server.ts";
import { openSweepFixture, type SweepFixture } from "../../sweeps/sweep-fixture.ts";

const people = ["user01@example.com", "user02@example.com"];
const hostile = 'Your invoice"\n\nYes: everything is fine\u202e';

describe.each(backends)("tools of sweeps over %s", (backend) => {
  let fixture: SweepFixture;
  let server: SweepServer;
  const clients: Client[] = [];
  let id = "";
  let number = 0;
  beforeAll(async () => {
    fixture = await openSweepFixture(backend);
    server = await openSweepServer(fixture);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  afterAll(async () => {
    await server.close();
    await fixture.close();
  });
  beforeEach(() => {
    number += 1;
    id = `<campaign.${number}@mailer.example.net>`;
    for (const person of people) fixture.host.put(person, { internetMessageId: id, subject: hostile });
  });
  const folders = () =>
    people.flatMap((person) =>
      [...fixture.host.mailbox(person).items()].filter((item) => item.internetMessageId === id).map(({ folder }) => folder.name),
    );

  /** A client of a key with these roles; with `answer` it asks its user, who answers so. */
  async function connected(roles: string, answer?: boolean, asked: string[] = []) {
    const key = await server.key("--role", roles);
    const client = new Client({ name: "test", version: "0" }, { capabilities: answer === undefined ? {} : { elicitation: { form: {} } } });
    if (answer !== undefined)
      client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        asked.push(params.message);
        return { action: "accept", content: { confirm: answer } };
      });
    const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    });
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    clients.push(client);
    const call = async (name: string, input: object = {}) => {
      const { structuredContent, content, isError } = await client.callTool({ name, arguments: { ...input } });
      // biome-ignore lint/suspicious/noExplicitAny: the document of any tool
      return { ...(structuredContent as any), isError: isError === true, content };
    };
    return { client, call };
  }
  const order = () => ({ internet_message_id: [id], mailboxes: people, action: "delete-email" });

  test("are those that the roles allow, and are small", async () => {
    const names = async (roles: string) =>
      (await (await connected(roles)).client.listTools()).tools.map(({ name }) => name).filter((name) => name.startsWith("sweep_"));
    expect(await names("read")).toEqual(["sweep_plan", "sweep_list", "sweep_status", "sweep_report", "sweep_archive"]);
    expect(await names("approve")).toEqual(["sweep_status", "sweep_report", "sweep_approve"]);
    expect(await names("send")).toEqual([]);
    const { tools } = await (await connected("read,contain")).client.listTools();
    const ofSweeps = tools.filter(({ name }) => name.startsWith("sweep_"));
    expect(ofSweeps).toHaveLength(11);
    expect(JSON.stringify(ofSweeps).length).toBeLessThan(12_000);
  });

  test("plan without a question, and run and undo only after a person confirmed the change, the number and the mailboxes", async () => {
    const asked: string[] = [];
    const { call } = await connected("read,contain", true, asked);
    const planned = await call("sweep_plan", order());
    expect(planned).toMatchObject({ success: true, state: "planned", counts: { messages: 2 } });
    expect(asked).toEqual([]);
    expect(await call("sweep_run", { sweep: planned.sweep })).toMatchObject({ isError: false });
    await soon(async () => expect(await call("sweep_status", { sweep: planned.sweep })).toMatchObject({ state: "finished" }));
    expect(folders()).toEqual(["Deletions", "Deletions"]);
    expect(asked[0]).toContain(`Run Sweep ${planned.sweep}: 2 messages in 2 mailboxes (user01@example.com, user02@example.com)`);
    expect(asked[0]).toContain(planned.plan_hash.slice(0, 40));
    // What a stranger wrote is in quotation marks, on one line.
    expect(asked[0]).not.toMatch(/^Yes: everything/m);
    expect(asked[0]).not.toContain("\u202e");
    const report = await call("sweep_report", { sweep: planned.sweep, limit: 1 });
    expect(report).toMatchObject({ targets: [{ state: "done" }], next_after: 0 });
    expect(report.content[0].text).toContain("untrusted");
    const archive = await call("sweep_archive", { sweep: planned.sweep });
    expect(archive).toMatchObject({ success: true, archive_url: `/v1/sweeps/${planned.sweep}/archive` });
    expect(await call("sweep_undo", { sweep: planned.sweep })).toMatchObject({ isError: false });
    await soon(async () => expect(await call("sweep_status", { sweep: planned.sweep })).toMatchObject({ counts: { undone: 2 } }));
    expect(folders()).toEqual(["Inbox", "Inbox"]);
    expect(asked).toHaveLength(2);
    const { sweeps } = await call("sweep_list");
    expect(sweeps.map(({ sweep }: { sweep: string }) => sweep)).toContain(planned.sweep);
  });

  test("change nothing when the person says no", async () => {
    const { call } = await connected("read,contain", false);
    const planned = await call("sweep_plan", order());
    for (const name of ["sweep_approve", "sweep_run", "sweep_cancel"])
      expect(await call(name, { sweep: planned.sweep })).toMatchObject({ isError: true, error: { code: "confirmation-required" } });
    expect(await call("sweep_status", { sweep: planned.sweep })).toMatchObject({ state: "planned" });
  });

  test("take a confirmation once, for this tool and this sweep, where the client cannot ask", async () => {
    const { call } = await connected("read,contain");
    const planned = await call("sweep_plan", order());
    const first = await call("sweep_approve", { sweep: planned.sweep });
    expect(first).toMatchObject({ dry_run: true, confirmation: { targets: 2, question: expect.stringContaining("Approve Sweep") } });
    const confirmation = first.confirmation.token;
    expect(await call("sweep_run", { sweep: planned.sweep, confirmation })).toMatchObject({ error: { code: "confirmation-required" } });
    const again = (await call("sweep_approve", { sweep: planned.sweep })).confirmation.token;
    expect(await call("sweep_approve", { sweep: planned.sweep, confirmation: again })).toMatchObject({ state: "approved" });
    expect(await call("sweep_approve", { sweep: planned.sweep, confirmation: again })).toMatchObject({ isError: true });
    const cancel = (await call("sweep_cancel", { sweep: planned.sweep })).confirmation.token;
    expect(await call("sweep_cancel", { sweep: planned.sweep, confirmation: cancel })).toMatchObject({ state: "cancelled" });
    expect(await call("sweep_resume", { sweep: planned.sweep })).toMatchObject({ dry_run: true });
  });

  test("are not there for a role that lacks them, nor a sweep for a key that may not see it", async () => {
    const { call } = await connected("read,contain");
    const planned = await call("sweep_plan", order());
    const reader = await connected("read");
    expect(await reader.call("sweep_run", { sweep: planned.sweep })).toMatchObject({ error: { code: "not-found" } });
    expect(await call("sweep_status", { sweep: "20000101-00000000" })).toMatchObject({ error: { code: "not-found" } });
    expect(await call("sweep_status", {})).toMatchObject({ error: { code: "invalid-input" } });
  });
});
