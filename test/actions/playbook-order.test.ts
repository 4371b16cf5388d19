import { expect, test } from "vitest";
import { catalogue } from "../../src/actions/index.ts";
import { inPlaybookOrder } from "../../src/actions/playbook-order.ts";
import type { Action } from "../../src/catalogue/action-definition.ts";

test("the order for playbooks has every action once, with a new action last", () => {
  const ordered = inPlaybookOrder(catalogue);
  expect(ordered.map(({ name }) => name).sort()).toEqual(catalogue.map(({ name }) => name));
  const [first] = catalogue;
  if (first === undefined) throw new Error("no action");
  const added: Action = { ...first, name: "aaa-new" };
  expect(inPlaybookOrder([added, ...catalogue])).toEqual([...ordered, added]);
});
