import { expect, test } from "vitest";
import { FaultPlan, faultKinds, parseFault } from "../../src/lab/faults.ts";

test("a rule hits from its nth matching request, as many times as it says", () => {
  const plan = new FaultPlan();
  plan.add({ kind: "500", operation: "GetItem", nth: 2, times: 2 });
  const hit = (operation: string): boolean => plan.of(operation, []).rule("500") !== undefined;
  expect([hit("GetItem"), hit("FindItem"), hit("GetItem"), hit("GetItem"), hit("GetItem")]).toEqual([false, false, true, true, false]);
});

test("a rule for a mailbox hits no other, and ignores case", () => {
  const plan = new FaultPlan();
  plan.add({ kind: "401", mailbox: "Anna@Example.com" });
  expect(plan.of("GetItem", ["ben@example.com"]).rule("401")).toBeUndefined();
  expect(plan.of("GetItem", ["anna@example.com"]).rule("401")).toBeDefined();
});

test("a rule about an id waits for that id, however many requests go by", () => {
  const plan = new FaultPlan();
  plan.add({ kind: "item-error", itemId: "B", code: "ErrorItemCorrupt" });
  expect(plan.of("GetItem", []).ofItem(1, "A")).toBeUndefined();
  expect(plan.of("GetItem", []).ofItem(1, "B")).toMatchObject({ code: "ErrorItemCorrupt", stops: false });
  expect(plan.of("GetItem", []).ofItem(1, "B")).toBeUndefined();
});

test("cleared rules hit nothing", () => {
  const plan = new FaultPlan();
  plan.add({ kind: "500" });
  plan.clear();
  expect(plan.of("GetItem", []).rule("500")).toBeUndefined();
});

test.each([
  ["500", { kind: "500" }],
  ["server-busy-fault:GetItem", { kind: "server-busy-fault", operation: "GetItem" }],
  ["reset-mid-body:GetAttachment:2:3", { kind: "reset-mid-body", operation: "GetAttachment", nth: 2, times: 3 }],
  ["503:*:1:4,backOffMs=2000", { kind: "503", nth: 1, times: 4, backOffMs: 2000 }],
  [
    "server-busy-item::2,backOffMs=0,item=3,mailbox=anna@example.com",
    { kind: "server-busy-item", nth: 2, backOffMs: 0, item: 3, mailbox: "anna@example.com" },
  ],
  [
    "item-error:GetItem,itemId=AAMk=,code=ErrorItemCorrupt",
    { kind: "item-error", operation: "GetItem", itemId: "AAMk=", code: "ErrorItemCorrupt" },
  ],
])("the text %s is a rule", (text, expected) => {
  const rule = Object.fromEntries(Object.entries(parseFault(text)).filter(([, value]) => value !== undefined));
  expect(rule).toEqual(expected);
});

test.each([
  ["nonsense", "is not a kind of fault"],
  ["constructor", "is not a kind of fault"],
  ["500:GetItem:x", "nth must be a whole number"],
  ["500:GetItem:1:1:1", "too many parts"],
  ["500,colour=red", "is not an option"],
  ["500,item=-1", "item must be a whole number"],
])("the text %s is refused with a reason", (text, reason) => {
  expect(() => parseFault(text)).toThrow(reason);
});

test("every kind can be named in text", () => {
  for (const kind of Object.keys(faultKinds)) expect(parseFault(kind).kind).toBe(kind);
});
