import { expect, test } from "vitest";
import { restrictToMailboxes } from "../../src/connection/restrict-to-mailboxes.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";

const names = ["ann@example.com", "ANN@EXAMPLE.COM", "bob@example.com", "carl@example.org"];
const unused = () => Promise.reject(new Error("not asked"));
const exchange: Exchange = {
  backend: "ews",
  mailbox: () => {
    throw new Error("not asked");
  },
  searchableMailboxes: unused,
  groupMembers: async () => ({
    mailboxes: names,
    outside: names.map((name) => ({ mailbox: name, message: "outside" })),
    failed: [...names, "hidden@example.com"].map((name) => ({ mailbox: name, message: `no ${name}` })),
  }),
  atATime: () => 4,
  messageTrace: async () => ({
    rows: names.map((recipient) => ({ recipient, status: "delivered" as const })),
    ...{ from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z", windows: 1 },
  }),
  close: unused,
};

test("members of a group and recipients of a message outside the granted mailboxes are not shown", async () => {
  const restricted = restrictToMailboxes(exchange, ["ann@example.com"]);
  expect(await restricted.groupMembers("all@example.com")).toEqual({
    mailboxes: ["ann@example.com", "ANN@EXAMPLE.COM"],
    outside: ["ann@example.com", "ANN@EXAMPLE.COM"].map((mailbox) => ({ mailbox, message: "outside" })),
    failed: [
      ...["ann@example.com", "ANN@EXAMPLE.COM"].map((mailbox) => ({ mailbox, message: `no ${mailbox}` })),
      ...[1, 2, 3].map(() => ({ mailbox: "", message: "Not every member could be listed." })),
    ],
  });
  const { rows } = await restricted.messageTrace({ internetMessageId: "<x@example.org>" });
  expect(rows.map(({ recipient }) => recipient)).toEqual(["ann@example.com", "ANN@EXAMPLE.COM"]);
});
