import fc from "fast-check";
import { expect, test } from "vitest";
import { base64, flatten, ItemError, ItemWarning, type RequestContext, response, responses } from "../../../src/lab/ews/operation.ts";
import { Subscriptions } from "../../../src/lab/ews/subscriptions.ts";
import { FaultPlan } from "../../../src/lab/faults.ts";
import { ServerVariants } from "../../../src/lab/server-variants.ts";
import { Store } from "../../../src/lab/store/store.ts";
import { parseXml } from "../../../src/lab/xml.ts";

function context(): RequestContext {
  const store = new Store();
  const user = store.addUser({ address: "anna@example.com" }).user;
  const faults = new FaultPlan().of("GetItem", []);
  return {
    store,
    caller: user,
    acting: user,
    version: "Exchange2016",
    timeZone: "UTC",
    faults,
    subscriptions: new Subscriptions(),
    habits: new ServerVariants(),
    request: parseXml("<a/>"),
  };
}
const text = (reply: Iterable<string | Uint8Array>): string => Buffer.concat([...reply].map((piece) => Buffer.from(piece))).toString();
const fails = (code: string) => (): string => {
  throw new ItemError(code, "It failed.");
};
const classes = (reply: string): (string | undefined)[] =>
  [...reply.matchAll(/ResponseClass="(\w+)".*?<m:ResponseCode>(\w+)/g)].map(([, kind, code]) => `${kind} ${code}`);

test("an item that fails keeps the others and its empty container", () => {
  const reply = text(
    responses("GetItem", [() => "<m:Items>1</m:Items>", fails("ErrorItemNotFound"), () => "<m:Items>3</m:Items>"], context(), {
      empty: "<m:Items/>",
    }),
  );
  expect(classes(reply)).toEqual(["Success NoError", "Error ErrorItemNotFound", "Success NoError"]);
  expect(reply).toContain("<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:Items/></m:GetItemResponseMessage>");
});

test.each(["ErrorAccessDenied", "ErrorQuotaExceeded", "ErrorMailboxMoveInProgress"])(
  "after %s the rest of the batch is not done",
  (code) => {
    let done = 0;
    const count = (): string => {
      done += 1;
      return "";
    };
    const reply = text(responses("DeleteItem", [count, fails(code), count, count], context()));
    expect(classes(reply)).toEqual([
      "Success NoError",
      `Error ${code}`,
      "Warning ErrorBatchProcessingStopped",
      "Warning ErrorBatchProcessingStopped",
    ]);
    expect(done).toBe(1);
  },
);

test("everything is done when responses returns, whether or not the reply is read", () => {
  let done = false;
  const act = (): string => {
    done = true;
    return "";
  };
  responses("DeleteItem", [act], context());
  expect(done).toBe(true);
});

test("a warning holds its content", () => {
  const warn = (): string => {
    throw new ItemWarning("ErrorNameResolutionMultipleResults", "Several.", "<m:ResolutionSet/>");
  };
  expect(text(responses("ResolveNames", [warn], context()))).toContain("<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:ResolutionSet/>");
});

test("an error other than Exchange's is not turned into a response", () => {
  const broken = (): string => {
    throw new TypeError("a defect");
  };
  expect(() => responses("GetItem", [broken], context())).toThrow(TypeError);
  expect(() => response("FindPeople", broken, context())).toThrow(TypeError);
});

test("base64 in pieces is base64 in one", () => {
  const sizes = fc.constantFrom(0, 1, 2, 3, 196_607, 196_608, 196_609, 400_000);
  fc.assert(
    fc.property(sizes, fc.nat(255), (size, byte) => {
      const bytes = Buffer.alloc(size, byte);
      expect([...base64(bytes)].join("")).toBe(bytes.toString("base64"));
    }),
    { numRuns: 20 },
  );
});

test("pieces keep their order, at any depth", () => {
  expect([...flatten(["a", ["b", "c"], flatten(["d", ["e"]])])].join("")).toBe("abcde");
});
