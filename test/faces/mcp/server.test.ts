import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import {
  type CallToolResult,
  CallToolResultSchema,
  type ClientCapabilities,
  ElicitRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { type Action, defineItemAction, effects } from "../../../src/catalogue/action-definition.ts";
import { sameOverGraph } from "../../../src/exchange/port-methods.ts";
import { mcpServer } from "../../../src/faces/mcp/server.ts";
import type { Host } from "../../../src/perform/perform.ts";
import { countSheep, opened, shearMany, shearSheep } from "../toy.ts";

const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

const toys: readonly Action[] = [countSheep, shearSheep];
const file = {
  name: "mail.eml",
  size: 3,
  open: async function* () {
    yield Buffer.from("EML");
  },
};
const known = "a".repeat(64);

interface Given {
  readonly actions?: readonly Action[];
  readonly capabilities?: ClientCapabilities;
  readonly host?: Partial<Host>;
  readonly timeoutMs?: number;
  readonly requirePerson?: boolean;
}

async function connected({ actions = toys, capabilities = {}, host = {}, timeoutMs, requirePerson }: Given = {}): Promise<Client> {
  const server = mcpServer({
    actions,
    host: { ...opened(), ...host },
    findEvidence: async (sha256) => (sha256 === known ? file : undefined),
    timeoutMs,
    requirePerson,
    version: "1.2.3",
  });
  const client = new Client({ name: "test", version: "0" }, { capabilities });
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), client.connect(other)]);
  clients.push(client);
  return client;
}

async function call(client: Client, name: string, input: Record<string, unknown> = {}): Promise<CallToolResult> {
  return CallToolResultSchema.parse(await client.callTool({ name, arguments: input }));
}

const Planned = z.looseObject({ confirmation: z.looseObject({ token: z.string(), targets: z.number() }) });

async function planned(client: Client, input: Record<string, unknown> = {}): Promise<string> {
  const { structuredContent } = await call(client, "shear_sheep", input);
  return Planned.parse(structuredContent).confirmation.token;
}

test("the tools of a toy catalogue equal the golden file", async () => {
  const { tools } = await (await connected()).listTools();
  await expect(`${JSON.stringify(tools, null, 2)}\n`).toMatchFileSnapshot("../golden/mcp-tools.json");
});

test.each(Object.entries(effects))("a tool whose action is a %s has all four hints", async (effect, meaning) => {
  const action = { ...shearSheep, effect: effect as keyof typeof effects };
  const [tool] = (await (await connected({ actions: [action] })).listTools()).tools;
  expect(tool?.annotations).toEqual({
    readOnlyHint: meaning.readOnly,
    destructiveHint: meaning.destructive,
    idempotentHint: meaning.idempotent,
    openWorldHint: meaning.openWorld,
  });
});

test("a read returns its document as structured content and, after a warning that it is untrusted, as text", async () => {
  const { content, structuredContent, isError } = await call(await connected(), "count_sheep", { limit: "1" });
  expect(structuredContent).toMatchObject({ success: true, action: "count-sheep", sheep: [{ name: "Dolly␛[2J", awake: true }] });
  expect(content[0]).toMatchObject({ type: "text", text: expect.stringContaining("untrusted") });
  const text = z.object({ text: z.string() }).parse(content[1]).text;
  expect(JSON.parse(text)).toEqual(structuredContent);
  expect(isError).toBe(false);
});

test("a failed call returns its code and its hint", async () => {
  const { structuredContent, isError } = await call(await connected(), "count_sheep", { wolf: "hungry" });
  expect(isError).toBe(true);
  expect(structuredContent).toMatchObject({ success: false, error: { code: "busy", retryable: true, message: "The wolf<U+202E> came." } });
});

test("an unknown argument is named in the refusal", async () => {
  const { structuredContent } = await call(await connected(), "count_sheep", { wolves: 2 });
  expect(structuredContent).toMatchObject({ error: { code: "invalid-input", message: expect.stringContaining("wolves") } });
});

test("an unknown tool is an error of the protocol", async () => {
  await expect(call(await connected(), "delete_everything")).rejects.toThrow("There is no tool delete_everything.");
  await expect(call(await connected(), "shear-sheep")).rejects.toThrow("There is no tool shear-sheep. Did you mean shear_sheep?");
});

describe("a deletion", () => {
  test("is only planned by the first call, which names the targets", async () => {
    const { structuredContent, isError } = await call(await connected(), "shear_sheep");
    expect(structuredContent).toMatchObject({
      dry_run: true,
      counts: { requested: 2, succeeded: 0 },
      results: [{ name: "Dolly", status: "planned" }, { status: "planned" }],
      confirmation: { targets: 2 },
    });
    expect(isError).toBe(false);
  });

  test("is done by a second call with the confirmation", async () => {
    const client = await connected();
    const confirmation = await planned(client);
    const { structuredContent } = await call(client, "shear_sheep", { confirmation });
    expect(structuredContent).toMatchObject({ counts: { succeeded: 1, failed: 1 }, results: [{ status: "done" }, { status: "failed" }] });
  });

  test("is not done twice by one confirmation", async () => {
    const client = await connected();
    const confirmation = await planned(client);
    await call(client, "shear_sheep", { confirmation });
    const { structuredContent, isError } = await call(client, "shear_sheep", { confirmation });
    expect(structuredContent).toMatchObject({ error: { code: "confirmation-required" } });
    expect(isError).toBe(true);
  });

  test("is not done with arguments other than the confirmed ones", async () => {
    const client = await connected();
    const confirmation = await planned(client, { mailbox: "one@example.com" });
    const { structuredContent } = await call(client, "shear_sheep", { mailbox: "two@example.com", confirmation });
    expect(structuredContent).toMatchObject({ error: { code: "confirmation-required" } });
  });

  test("is not done by the confirmation of another client", async () => {
    const confirmation = await planned(await connected());
    const { structuredContent } = await call(await connected(), "shear_sheep", { confirmation });
    expect(structuredContent).toMatchObject({ error: { code: "confirmation-required" } });
  });

  test("is not done if its targets have changed since", async () => {
    let flock = ["Dolly"];
    let shorn = 0;
    const flighty = defineItemAction({
      name: "shear-sheep",
      title: "Shear Sheep",
      summary: "Take the wool off.",
      uses: [],
      overGraph: sameOverGraph,
      effect: "destroy",
      input: z.strictObject({}),
      each: z.strictObject({}),
    })
      .select(async function* () {
        for (const name of flock) yield { asked: { name }, outcome: { ok: true, value: { row: { name } } } };
      })
      .act(async function* () {
        shorn += 1;
        yield { ok: true, value: {} };
      });
    const client = await connected({ actions: [flighty] });
    const confirmation = await planned(client);
    flock = ["Molly"];
    const { structuredContent } = await call(client, "shear_sheep", { confirmation });
    expect(structuredContent).toMatchObject({ error: { code: "confirmation-required" } });
    expect(shorn).toBe(0);
  });

  test("cannot be confirmed by the field `confirm`, which a model can set by itself", async () => {
    const { structuredContent } = await call(await connected(), "shear_sheep", { confirm: true });
    expect(structuredContent).toMatchObject({ error: { code: "invalid-input", message: expect.stringContaining("confirm") } });
  });

  test("offers no confirmation after a dry run", async () => {
    const { structuredContent } = await call(await connected(), "shear_sheep", { dry_run: true });
    expect(structuredContent).toMatchObject({ dry_run: true, success: true });
    expect(structuredContent).not.toHaveProperty("confirmation");
  });

  test("is not done without a person if one is required, whatever the model confirms; reads and dry runs are done", async () => {
    const client = await connected({ requirePerson: true });
    for (const input of [{}, { confirmation: "x" }]) {
      const { structuredContent } = await call(client, "shear_sheep", input);
      expect(structuredContent).toMatchObject({ error: { code: "confirmation-required", message: expect.stringContaining("A person") } });
      expect(structuredContent).not.toHaveProperty("confirmation");
    }
    expect((await call(client, "shear_sheep", { dry_run: true })).structuredContent).toMatchObject({ success: true, dry_run: true });
    expect((await call(client, "count_sheep")).structuredContent).toMatchObject({ success: true });
    const asking = await connected({ requirePerson: true, capabilities: { elicitation: {} } });
    let asked = 0;
    asking.setRequestHandler(ElicitRequestSchema, () => {
      asked += 1;
      return { action: "accept", content: { confirm: true } };
    });
    const { structuredContent } = await call(asking, "shear_sheep", { confirmation: "x" });
    expect([asked, structuredContent]).toMatchObject([1, { counts: { succeeded: 1 } }]);
  });

  test.each([
    ["accept", { confirm: true }, 1],
    ["accept", { confirm: false }, 0],
    ["decline", undefined, 0],
    ["cancel", undefined, 0],
  ] as const)("is put to the person if the client supports it: %s %o leads to %i", async (action, content, succeeded) => {
    const client = await connected({ capabilities: { elicitation: {} } });
    let message = "";
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      message = params.message;
      return { action, content };
    });
    const { structuredContent } = await call(client, "shear_sheep");
    expect(message).toContain("Shear Sheep: 2 ewes in shepherd@example.com would be shorn.");
    expect(message).not.toContain("\u001b");
    expect(structuredContent).toMatchObject({ counts: { succeeded } });
    // A model that was told no is not told how to get a yes.
    if (succeeded === 0)
      expect(structuredContent).toMatchObject({
        error: { code: "confirmation-required", hint: expect.stringContaining("did not confirm") },
      });
  });
});

test("a person at an MCP client is shown all of 100 targets; 101 are refused unasked and unchanged, with a hint", async () => {
  for (const [ewes, questions] of [
    [100, 1],
    [101, 0],
  ] as const) {
    const client = await connected({ actions: [shearMany(ewes)], capabilities: { elicitation: {} } });
    const asked: string[] = [];
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      return { action: "decline" };
    });
    const { structuredContent } = await call(client, "shear_sheep");
    expect(asked).toHaveLength(questions);
    for (const text of asked) expect(text).toContain('100. Name "Ewe 100"');
    const refused = { message: expect.stringContaining("at most 100"), hint: expect.stringContaining("--yes and --expected-count 101") };
    expect(structuredContent).toMatchObject({
      counts: { succeeded: 0 },
      error: { code: "confirmation-required", ...(questions === 0 ? refused : {}) },
    });
  }
});

describe("the time limit of a call", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const patient = { timeout: 24 * 60 * 60 * 1000 };

  test("ends the call", async () => {
    const client = await connected({ timeoutMs: 5000 });
    const waiting = client.callTool({ name: "count_sheep", arguments: { wolf: "cancelled" } }, undefined, patient);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await waiting).toMatchObject({ isError: true, structuredContent: { error: { code: "timeout" } } });
  });

  test("does not include the time a person takes to answer", async () => {
    const client = await connected({ timeoutMs: 5000, capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, async () => {
      await new Promise((resolve) => setTimeout(resolve, 9 * 60 * 1000));
      return { action: "accept", content: { confirm: true } };
    });
    const waiting = client.callTool({ name: "shear_sheep" }, undefined, patient);
    await vi.advanceTimersByTimeAsync(9 * 60 * 1000);
    expect(await waiting).toMatchObject({ structuredContent: { counts: { succeeded: 1 } } });
  });

  test("is ten minutes for a person who does not answer, and nothing is done", async () => {
    const client = await connected({ timeoutMs: 5000, capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => new Promise(() => {}));
    const waiting = client.callTool({ name: "shear_sheep" }, undefined, patient);
    await vi.advanceTimersByTimeAsync(10 * 60 * 1000);
    expect(await waiting).toMatchObject({
      isError: true,
      structuredContent: {
        counts: { succeeded: 0 },
        error: { code: "confirmation-required", message: expect.stringContaining("10 minutes") },
      },
    });
  });
});

test("progress reaches the client that requested it, with control characters escaped", async () => {
  const client = await connected();
  const said: (string | undefined)[] = [];
  await client.callTool({ name: "count_sheep" }, undefined, { onprogress: ({ message }) => said.push(message) });
  expect(said).toEqual(["counting␛[2J"]);
});

test("a cancelled call cancels its action", async () => {
  const stop = new AbortController();
  let seen: ((cancelled: boolean) => void) | undefined;
  const cancelled = new Promise<boolean>((resolve) => {
    seen = resolve;
  });
  const slow: Action = {
    ...countSheep,
    prepare: () => ({
      input: {},
      asksFirst: false,
      run: ({ call: { signal } }) =>
        new Promise((_, reject) =>
          signal?.addEventListener("abort", () => {
            seen?.(true);
            reject(signal.reason);
          }),
        ),
    }),
  };
  const client = await connected({ actions: [slow] });
  const asked = client.callTool({ name: "count_sheep" }, undefined, { signal: stop.signal, onprogress: () => {} });
  setTimeout(() => stop.abort(), 20);
  await expect(asked).rejects.toThrow();
  expect(await cancelled).toBe(true);
});

describe("evidence", () => {
  test("is read as a resource by its hash", async () => {
    const { contents } = await (await connected()).readResource({ uri: `mailcordon-evidence://sha256/${known}` });
    expect(contents).toEqual([expect.objectContaining({ blob: Buffer.from("EML").toString("base64") })]);
  });

  test.each([`mailcordon-evidence://sha256/${"b".repeat(64)}`, "mailcordon-evidence://sha256/../../etc/passwd", "file:///etc/passwd"])(
    "that does not exist is not found: %s",
    async (uri) => {
      await expect((await connected()).readResource({ uri })).rejects.toThrow("There is no evidence");
    },
  );

  test("that a tool kept is linked in its result and listed as a resource", async () => {
    const kept = { safe_name: "mail.eml", file_ref: "x", size: 3, md5: "", sha1: "", sha256: known };
    const keeper: Action = {
      ...countSheep,
      prepare: () => ({
        input: {},
        asksFirst: false,
        run: async ({ evidence }) => {
          await evidence.keep(file.open(), { name: "mail.eml" });
          return { message: "kept", sheep: [] };
        },
      }),
    };
    const evidence = { keep: async () => kept, hold: () => Promise.reject(new Error("not asked")) };
    const client = await connected({ actions: [keeper], host: { evidence } });
    const { content } = await call(client, "count_sheep");
    const uri = `mailcordon-evidence://sha256/${known}`;
    expect(content).toContainEqual({ type: "resource_link", uri, name: "mail.eml", size: 3 });
    expect((await client.listResources()).resources).toEqual([{ uri, name: "mail.eml", size: 3 }]);
  });

  test("is the only source of attachments: a file of the disk is refused", async () => {
    let attempted: Promise<unknown> | undefined;
    const attaching: Action = {
      ...countSheep,
      prepare: (raw) => ({
        input: {},
        asksFirst: false,
        run: async ({ readFile }) => {
          attempted = readFile?.(z.object({ path: z.string() }).parse(raw).path);
          return { message: "read", sheep: [{ name: z.object({ name: z.string() }).parse(await attempted).name, awake: true }] };
        },
      }),
    };
    const client = await connected({ actions: [attaching], host: { readFile: async () => file } });
    const refused = await call(client, "count_sheep", { path: "/etc/passwd" });
    expect(refused.structuredContent).toMatchObject({ error: { code: "invalid-input" } });
    const allowed = await call(client, "count_sheep", { path: `mailcordon-evidence://sha256/${known}` });
    expect(allowed.structuredContent).toMatchObject({ sheep: [{ name: "mail.eml" }] });
  });
});
