import { describe, expect, test } from "vitest";
import type { Filters } from "../../src/exchange/search/search-query.ts";
import { attachments, deleteAttachments } from "../../src/graph/messages/attachments.ts";
import { getMessages } from "../../src/graph/messages/read-messages.ts";
import { remove } from "../../src/graph/moving/move-copy-delete.ts";
import { search } from "../../src/graph/search/search.ts";
import { translatedIds } from "../../src/graph/session/ews-ids.ts";
import { defaultBehaviour, type UnpromisedBehaviour } from "../../src/graph/unpromised.ts";
import { mail, withParts } from "../exchange/contract-mail.ts";
import { all } from "../exchange/contract-stage.ts";
import { labMailbox } from "./lab-mailbox.ts";
import { type Seen, scripted } from "./scripted.ts";
import { onStage } from "./stage.ts";

// What is promised nowhere: each position of a setting asks something else of the service.

const sha256 = async () => "";

/** A mailbox with these behaviour: whatever is asked, there is a message that is no draft, and lists are empty. */
async function withBehaviour(behaviour: Partial<UnpromisedBehaviour>) {
  const { mailbox, seen } = await scripted(({ method, path }) => {
    if (method === "DELETE" || path.endsWith("/permanentDelete")) return { status: 204, text: "" };
    if (/\/messages\/[^/?]+(\?|$)/.test(path)) return { json: { id: "m", isDraft: false, parentFolderId: "inbox" } };
    if (/recoverableitemsdeletions(\?|$)/.test(path)) return { json: { id: "inbox", displayName: "Deletions" } };
    return { json: { id: "m", value: [] } };
  }, behaviour);
  return { mailbox, seen };
}

const decoded = (seen: readonly Seen[]) => seen.map(({ method, path }) => `${method} ${decodeURIComponent(path)}`);

describe.each<
  [
    keyof UnpromisedBehaviour,
    (mailbox: Awaited<ReturnType<typeof withBehaviour>>["mailbox"]) => Promise<unknown>,
    unknown,
    RegExp,
    unknown,
    RegExp,
  ]
>([
  [
    "sizes",
    (mailbox) => all(getMessages(mailbox, ["m"], {})),
    true,
    /singleValueExtendedProperties\(\$filter=id eq 'Integer 0x0E08'/,
    false,
    /messages\/m\?\$select=[\w,]+$/,
  ],
  [
    "contentIds",
    (mailbox) => all(attachments(mailbox, ["m"])),
    true,
    /fileAttachment\/contentId$/,
    false,
    /\$select=id,name,contentType,size,isInline$/,
  ],
  [
    "containsFilter",
    (mailbox) =>
      search(
        mailbox,
        { filters: { subject: "wire", sender: "mallory" }, limit: 5, folder: "inbox", recursive: false },
        { sha256, inside: async () => [] },
      ),
    "try",
    /contains\(subject,'wire'\).*contains\(from\/emailAddress\/address,'mallory'\)/,
    "never",
    /GET \/v1\.0\/users\/ann@example\.com\/mailFolders\/inbox\/messages\?(?!.*contains)/,
  ],
  [
    "ewsIds",
    (mailbox) => translatedIds(mailbox, ["a/b"]),
    "translate",
    /^POST \/v1\.0\/users\/ann@example\.com\/translateExchangeIds$/,
    "rewrite",
    /^$/,
  ],
  [
    "deleteAttachments",
    (mailbox) => all(deleteAttachments(mailbox, ["m.a"])),
    "try",
    /^DELETE .*attachments\/a$/,
    "drafts_only",
    /^GET [^\n]*messages\/m\?[^\n]*$/,
  ],
  ["permanentDelete", (mailbox) => all(remove(mailbox, ["m"], "hard")), true, /^POST .*permanentDelete$/, false, /^POST .*\/move$/],
  [
    "softDelete",
    (mailbox) => all(remove(mailbox, ["m"], "soft")),
    "move",
    /^POST .*\/move$/,
    "delete",
    /^GET .*mailFolders\/recoverableitemsdeletions/,
  ],
])("%s", (name, ask, one, asksOne, other, asksOther) => {
  test.each([
    [one, asksOne],
    [other, asksOther],
  ])("as %s asks accordingly", async (position, asks) => {
    const { mailbox, seen } = await withBehaviour({ [name]: position });
    await ask(mailbox);
    expect(decoded(seen).join("\n")).toMatch(asks);
  });

  test("has the reference's best-known value by default", async () => {
    expect(defaultBehaviour[name]).toBe(one);
    const { mailbox, seen } = await withBehaviour({});
    await ask(mailbox);
    expect(decoded(seen).join("\n")).toMatch(asksOne);
  });
});

test("only attachments of drafts are deleted if the service allows only these", async () => {
  const { mailbox, seen } = await scripted(
    ({ method, path }) =>
      method === "DELETE"
        ? { status: 204, text: "" }
        : { json: { id: path.includes("draft") ? "draft" : "mail", isDraft: path.includes("draft") } },
    { deleteAttachments: "drafts_only" },
  );
  const outcomes = await all(deleteAttachments(mailbox, ["draft.a", "nonsense"]));
  expect(outcomes.map((outcome) => (outcome.ok ? "done" : outcome.failure.code))).toEqual(["done", "invalid-input"]);
  expect(await all(deleteAttachments(mailbox, ["mail.a"]))).toMatchObject([
    { ok: false, failure: { code: "unsupported", hint: expect.stringContaining("graph.delete_attachments") } },
  ]);
  expect(seen.filter(({ method }) => method === "DELETE").map(({ path }) => path)).toEqual([
    "/v1.0/users/ann%40example.com/messages/draft/attachments/a",
  ]);
});

test.each([{ minSize: 5 }, { maxSize: 5 }, { itemClass: "IPM.Note" }])(
  "a search by %j is refused if sizes are not requested, instead of finding nothing",
  async (filters) => {
    const { mailbox, seen } = await withBehaviour({ sizes: false });
    await expect(search(mailbox, { filters, limit: 5 }, { sha256, inside: async () => [] })).rejects.toMatchObject({
      code: "unsupported",
      hint: expect.stringContaining("graph.sizes"),
    });
    expect(seen).toEqual([]);
  },
);

test.each<Partial<UnpromisedBehaviour>>([{ containsFilter: "never" }, { sizes: false }, { contentIds: false }])(
  "with %j a search finds the same messages",
  async (behaviour) => {
    const { lab, ann } = await onStage();
    for (const [number, subject] of ["Wire transfer", "RE: wire transfer", "Lunch", "haywire"].entries()) {
      const mime = mail(subject, { id: `<h${number}@example.org>` });
      lab.store.deliver(number % 2 === 0 ? mime : withParts, {
        from: "mallory@example.org",
        to: [ann.address],
        at: new Date(Date.UTC(2026, 0, 1 + number)),
      });
    }
    const filters: readonly Filters[] = [
      { subject: "wire" },
      { subject: "parts" },
      { sender: "mallory" },
      { attachmentName: "invoice*" },
      { subject: "WIRE", sender: "example.org", hasAttachments: false },
    ];
    const found = async (some: Partial<UnpromisedBehaviour>) => {
      const box = labMailbox(lab.graphUrl, ann.address, {}, some);
      const pages = await Promise.all(filters.map((one) => search(box, { filters: one, limit: 10 }, { sha256, inside: async () => [] })));
      return pages.map(({ messages }) => messages.map(({ itemId }) => itemId));
    };
    const usual = await found({});
    expect(await found(behaviour)).toEqual(usual);
    expect(usual.slice(0, 3).every((ids) => ids.length > 0)).toBe(true);
  },
);
