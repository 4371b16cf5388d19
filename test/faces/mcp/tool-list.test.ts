import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../../../src/actions/index.ts";
import { answerSchema } from "../../../src/catalogue/answer-envelope.ts";
import { mcpServer } from "../../../src/faces/mcp/server.ts";
import { sweepToolsFor } from "../../../src/faces/mcp/sweep-tools.ts";
import { toolFrom } from "../../../src/faces/mcp/tool.ts";
import { mostListBytes, toolPage } from "../../../src/faces/mcp/tool-list.ts";
import { opened } from "../toy.ts";

const tools = catalogue.map(toolFrom);
const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe("the list of tools", () => {
  test("is one page of at most 32,000 bytes with every action and sweep", async () => {
    const sweeps = sweepToolsFor({ id: "ann", isChecked: true, may: () => true, reaches: () => true });
    const page = toolPage([...tools, ...sweeps], undefined);
    expect(page?.nextCursor).toBeUndefined();
    expect(page?.tools).toHaveLength(catalogue.length + sweeps.length);
    expect(bytes(page)).toBeLessThanOrEqual(mostListBytes);
  });

  test("has pages of at most 32,000 bytes with three times as many actions, and every tool once", () => {
    const many = ["", "_again", "_once_more"].flatMap((end) => tools.map((tool) => ({ ...tool, name: `${tool.name}${end}` })));
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = toolPage(many, cursor);
      if (page === undefined) throw new Error("no page");
      expect(bytes(page)).toBeLessThanOrEqual(mostListBytes);
      names.push(...page.tools.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(many.map(({ name }) => name));
  });

  test("keeps the name, type and choices of every field that an agent needs, and a description of those that are not plain", () => {
    const full = tools.find(({ name }) => name === "delete_email");
    const short = toolPage(tools, undefined)?.tools.find(({ name }) => name === "delete_email");
    const fields = Object.keys(full?.inputSchema.properties ?? {}).filter((name) => name !== "access" && name !== "timeout_seconds");
    expect(Object.keys(short?.inputSchema.properties ?? {})).toEqual(fields);
    expect(short?.inputSchema.properties?.delete_type).toMatchObject({
      enum: ["trash", "soft", "hard"],
      description: expect.stringMatching(/^trash: /),
    });
    expect(short).not.toHaveProperty("outputSchema");
  });

  test.each(["0", "-1", "99", "1e1", "x", ""])("refuses the cursor %j", (cursor) => {
    expect(toolPage(tools, cursor)).toBeUndefined();
  });
});

test("a resource has the complete description of each tool, with both schemas", async () => {
  const server = mcpServer({ actions: catalogue, host: opened(), findEvidence: async () => undefined, version: "1.2.3" });
  const client = new Client({ name: "test", version: "0" });
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), client.connect(other)]);
  const { contents } = await client.readResource({ uri: "mailcordon://tools/delete_email" });
  const tool = JSON.parse(String(contents[0] !== undefined && "text" in contents[0] ? contents[0].text : ""));
  expect(tool.inputSchema.properties.item_id).toMatchObject({ maxItems: 10_000 });
  expect(Object.keys(tool.outputSchema.properties)).toEqual(
    expect.arrayContaining(
      Object.keys(z.toJSONSchema(answerSchema(catalogue[0] ?? expect.fail()), { io: "output" }).properties ?? {}).slice(0, 3),
    ),
  );
  await expect(client.readResource({ uri: "mailcordon://tools/no_such_tool" })).rejects.toThrow("There is no evidence");
  await expect(client.listTools({ cursor: "x" })).rejects.toThrow("list the tools from the beginning");
  await client.close();
});
