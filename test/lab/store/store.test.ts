import { expect, test } from "vitest";
import { Store } from "../../../src/lab/store/store.ts";

function organisation(): Store {
  const store = new Store();
  store.addUser({ address: "soc@example.com", displayName: "SOC Service", password: "secret", roles: ["ApplicationImpersonation"] });
  store.addUser({
    address: "desk@example.com",
    displayName: "Front Desk",
    aliases: ["front@example.com"],
    upn: "desk.upn@example.com",
    fullAccess: ["helper@example.com"],
  });
  store.addUser({
    address: "helper@example.com",
    displayName: "Desk Helper",
    roles: ["ApplicationImpersonation"],
    impersonationScope: ["desk@example.com"],
  });
  store.addGroup({ address: "inner@example.com", displayName: "Inner", members: ["desk@example.com", "outer@example.com"] });
  store.addGroup({
    address: "outer@example.com",
    displayName: "Outer Desk",
    members: ["inner@example.com", "helper@example.com", "someone@example.org"],
  });
  return store;
}

const user = (store: Store, address: string) => {
  const found = store.mailbox(address)?.user;
  if (!found) throw new Error(`no ${address}`);
  return found;
};

test("a mailbox is found by address, alias and user principal name, ignoring case", () => {
  const store = organisation();
  for (const name of ["DESK@example.com", "front@example.com", "Desk.Upn@Example.Com"])
    expect(store.mailbox(name)?.address, name).toBe("desk@example.com");
  expect(store.mailbox("nobody@example.com")).toBeUndefined();
  expect(store.mailboxBySid(user(store, "desk@example.com").sid)?.address).toBe("desk@example.com");
});

test("an address belongs to one only", () => {
  expect(() => organisation().addUser({ address: "front@example.com" })).toThrowError(expect.objectContaining({ code: "address-taken" }));
});

test("a login needs the right password", () => {
  const store = organisation();
  expect(store.authenticate("soc@example.com", "secret")?.address).toBe("soc@example.com");
  expect(store.authenticate("EXAMPLE\\soc", "secret")?.address).toBe("soc@example.com");
  expect(store.authenticate("soc@example.com", "Secret")).toBeUndefined();
  expect(store.authenticate("soc@example.com", "")).toBeUndefined();
});

test("impersonation needs the role and the scope, delegate access the grant", () => {
  const store = organisation();
  const [soc, desk, helper] = [user(store, "soc@example.com"), user(store, "desk@example.com"), user(store, "helper@example.com")];
  expect([
    store.mayImpersonate(soc, desk),
    store.mayImpersonate(helper, desk),
    store.mayImpersonate(helper, soc),
    store.mayImpersonate(desk, soc),
  ]).toEqual([true, true, false, false]);
  const box = store.mailbox("desk@example.com");
  expect(box && [store.mayOpen(helper, box), store.mayOpen(desk, box), store.mayOpen(soc, box)]).toEqual([true, true, false]);
});

test("a group within a group that holds it is opened once", () => {
  const store = organisation();
  const group = store.group("OUTER@example.com");
  expect(group && store.expandGroup(group)).toEqual(["desk@example.com", "helper@example.com", "someone@example.org"]);
});

test("a name is resolved by its beginning, an address exactly", () => {
  const store = organisation();
  const names = (text: string) => store.resolveName(text).map(({ displayName }) => displayName);
  expect(names("desk")).toEqual(["Front Desk", "Desk Helper", "Outer Desk"]);
  expect(names("smtp:front@example.com")).toEqual(["Front Desk"]);
  expect(names("zzz")).toEqual([]);
  expect(names("  ")).toEqual([]);
});

test("a set clock is moved only by the store, and always forward", () => {
  const store = organisation();
  store.setNow(new Date("2030-01-01T00:00:00Z"));
  const mailbox = store.mailbox("desk@example.com");
  if (!mailbox) throw new Error("no mailbox");
  const one = mailbox.add(mailbox.known("inbox"), {});
  const two = mailbox.add(mailbox.known("inbox"), {});
  expect(two.createdAt.getTime()).toBeGreaterThan(one.createdAt.getTime());
  expect(store.now().toISOString().slice(0, 20)).toBe("2030-01-01T00:00:00.");
});
