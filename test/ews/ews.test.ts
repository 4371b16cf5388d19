import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openEws } from "../../src/ews/ews.ts";
import { itemElements } from "../../src/ews/messages/message-reader.ts";
import { envelope, errorMessage, fault, itemMessage, type Reply, replyOf, type Scripted, type Seen, scripted } from "./scripted-server.ts";

let server: Scripted | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
  vi.unstubAllEnvs();
});

async function start(answer: (request: Seen, count: number) => Reply, options: Parameters<typeof scripted>[1] = {}): Promise<Scripted> {
  server = await scripted(answer, options);
  return server;
}

async function all<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}

const items = ({ operation, ids }: Seen) =>
  replyOf(
    operation,
    ids.map((id) => itemMessage(operation, id)),
  );
const deletedMessage =
  '<m:DeleteItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:DeleteItemResponseMessage>';

describe("every request has", () => {
  test("the mailbox for routing, an id of its own, the requested version and the impersonated mailbox", async () => {
    const { seen, exchange } = await start(items);
    const mailbox = exchange.mailbox("bob@example.com");
    await all(mailbox.get(["a"], {}));
    await all(mailbox.get(["b"], {}));
    const [first, second] = seen;
    expect(first?.headers).toMatchObject({
      "x-anchormailbox": "bob@example.com",
      "return-client-request-id": "true",
      "content-type": "text/xml; charset=utf-8",
      authorization: "Basic dGVzdA==",
    });
    expect(first?.headers["client-request-id"]).not.toBe(second?.headers["client-request-id"]);
    expect(first?.body).toContain('<t:RequestServerVersion Version="Exchange2013_SP1"/>');
    expect(first?.body).toContain("<t:ConnectingSID><t:SmtpAddress>bob@example.com</t:SmtpAddress></t:ConnectingSID>");
  });

  test("the mailbox in the folder and no impersonation under delegate access", async () => {
    const { seen, exchange } = await start(items, { access: "delegate" });
    await all(exchange.mailbox("bob@example.com").move(["a"], { folder: "Inbox" }));
    expect(seen[0]?.body).not.toContain("ExchangeImpersonation");
    expect(seen[0]?.body).toContain(
      '<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>bob@example.com</t:EmailAddress></t:Mailbox>',
    );
  });

  test("the access mode that the call chooses", async () => {
    const { seen, exchange } = await start(items);
    await all(exchange.mailbox("bob@example.com", { access: "delegate" }).get(["a"], {}));
    expect(seen[0]?.body).not.toContain("ExchangeImpersonation");
  });

  test("fresh sign-in headers", async () => {
    let count = 0;
    const { seen, exchange } = await start(items, { authorize: async () => ({ Authorization: `Bearer ${++count}` }) });
    await all(exchange.mailbox(undefined).get(["a"], {}));
    await all(exchange.mailbox(undefined).get(["a"], {}));
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer 1", "Bearer 2"]);
  });

  test("a mailbox, since a call without one is invalid input", async () => {
    const exchange = openEws({ url: "https://mail.example.com/EWS/Exchange.asmx", access: "delegate", authorize: async () => ({}) });
    expect(() => exchange.mailbox(undefined)).toThrow(expect.objectContaining({ code: "invalid-input" }));
    await exchange.close();
  });

  test.each(["mail.example.com", "file:///etc/passwd", ""])("a valid URL, which %j is not", (url) => {
    expect(() => openEws({ url, access: "delegate", authorize: async () => ({}) })).toThrow(
      expect.objectContaining({ code: "invalid-settings" }),
    );
  });
});

describe("a reply of EWS", () => {
  test.each(itemElements.map(({ local }) => local))("keeps an item of the element t:%s", async (element) => {
    const { exchange } = await start(({ ids }) =>
      replyOf(
        "GetItem",
        ids.map((id) => itemMessage("GetItem", id).replaceAll("t:Message>", `t:${element}>`).replace("<t:Message>", `<t:${element}>`)),
      ),
    );
    expect(await all(exchange.mailbox(undefined).get(["a"], {}))).toMatchObject([{ ok: true, value: { itemId: "a", subject: "about a" } }]);
  });

  // ews-javascript-api trims the texts that it reads.
  test("keeps spaces in text, and the order and duplicates of addresses and headers", async () => {
    const inside =
      '<t:Subject>  \t Quarterly </t:Subject><t:Body BodyType="Text">a &amp;lt; b</t:Body>' +
      '<t:InternetMessageHeaders><t:InternetMessageHeader HeaderName="Received">one</t:InternetMessageHeader>' +
      '<t:InternetMessageHeader HeaderName="Received">two</t:InternetMessageHeader><t:InternetMessageHeader HeaderName="X-Empty"/></t:InternetMessageHeaders>' +
      "<t:ToRecipients><t:Mailbox><t:Name>B</t:Name><t:EmailAddress>b@example.com</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Mailbox>" +
      "<t:Mailbox><t:EmailAddress>a@example.com</t:EmailAddress></t:Mailbox></t:ToRecipients>";
    const { exchange } = await start(() => replyOf("GetItem", [itemMessage("GetItem", "a", inside)]));
    const [outcome] = await all(exchange.mailbox(undefined).get(["a"], { headers: true }));
    expect(outcome).toMatchObject({
      ok: true,
      value: {
        subject: "  \t Quarterly ",
        bodyText: "a &lt; b",
        headers: [
          { name: "Received", value: "one" },
          { name: "Received", value: "two" },
          { name: "X-Empty", value: "" },
        ],
        to: [{ name: "B", address: "b@example.com", routingType: "SMTP" }, { address: "a@example.com" }],
      },
    });
  });

  test("is broken if it reports a success without an item", async () => {
    const { exchange } = await start(() => ({
      body: envelope(
        '<m:GetItemResponse><m:ResponseMessages><m:GetItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Items/></m:GetItemResponseMessage></m:ResponseMessages></m:GetItemResponse>',
      ),
    }));
    expect(await all(exchange.mailbox(undefined).get(["a"], {}))).toMatchObject([{ ok: false, failure: { code: "broken-reply" } }]);
  });

  test("is broken, with a hint at the URL, if it is a sign-in page under HTTP 200", async () => {
    const { exchange } = await start(() => ({ headers: { "Content-Type": "text/html" }, body: "<html>Sign in</html>" }));
    const [outcome] = await all(exchange.mailbox(undefined).get(["a"], {}));
    expect(outcome).toMatchObject({ ok: false, failure: { code: "broken-reply", wireCode: "HTTP 200" } });
  });

  test("gives no reason to fetch a reference attachment", async () => {
    const { exchange, seen } = await start(items);
    const [outcome] = await all(exchange.mailbox(undefined).attachmentContent([{ id: "r", kind: "reference" }]));
    expect(outcome).toMatchObject({ ok: false, failure: { code: "unsupported" } });
    expect(seen).toEqual([]);
  });

  test("without content means an empty file if its size is 0, otherwise an unreadable file", async () => {
    const opened = (id: string) =>
      `<m:GetAttachmentResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Attachments><t:FileAttachment><t:AttachmentId Id="${id}"/></t:FileAttachment></m:Attachments></m:GetAttachmentResponseMessage>`;
    const { exchange } = await start(({ ids }) => replyOf("GetAttachment", ids.map(opened)));
    const read: unknown[] = [];
    for await (const outcome of exchange.mailbox(undefined).attachmentContent([
      { id: "a", kind: "file", size: 0 },
      { id: "b", kind: "file", size: 7 },
    ])) {
      read.push(outcome.ok ? Buffer.concat(await all(outcome.value.bytes)).length : outcome.failure.code);
    }
    expect(read).toEqual([0, "unreadable"]);
  });

  test("with unread bytes does not prevent the next request", async () => {
    const mime = Buffer.from(`Subject: long\r\n\r\n${"A".repeat(3_000_000)}`).toString("base64");
    const { exchange } = await start(() =>
      replyOf("GetItem", [itemMessage("GetItem", "a", "").replace("<t:Message>", `<t:Message><t:MimeContent>${mime}</t:MimeContent>`)]),
    );
    const sizes: number[] = [];
    for await (const outcome of exchange.mailbox(undefined).mime(["a", "b"])) {
      if (!outcome.ok) throw outcome.failure;
      for await (const bytes of outcome.value.bytes) {
        sizes.push(bytes.length);
        break;
      }
    }
    expect(sizes).toHaveLength(2);
  });

  test("that ends in an error makes the MIME content throw instead of end", async () => {
    const { exchange } = await start(() =>
      replyOf("GetItem", [
        itemMessage("GetItem", "a", "").replace("<t:Message>", "<t:Message><t:MimeContent>QUJD</t:MimeContent><t:Oops>"),
      ]),
    );
    const read = async () => {
      for await (const outcome of exchange.mailbox(undefined).mime(["a"])) {
        if (!outcome.ok) throw outcome.failure;
        await all(outcome.value.bytes);
      }
    };
    await expect(read()).rejects.toMatchObject({ code: "broken-reply" });
  });

  test("in pages is read to its end or to a page that does not advance, and the archive costs no request", async () => {
    const page = (offset: number, names: readonly string[], last: boolean, next: number, more = "") =>
      envelope(
        `<m:FindFolderResponse><m:ResponseMessages><m:FindFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder IndexedPagingOffset="${next}" TotalItemsInView="9" IncludesLastItemInRange="${last}"><t:Folders>${names.map((name) => `<t:Folder><t:FolderId Id="${name}${offset}"/><t:ParentFolderId Id="root"/><t:DisplayName>${name}</t:DisplayName></t:Folder>`).join("")}</t:Folders></m:RootFolder></m:FindFolderResponseMessage>${more}</m:ResponseMessages></m:FindFolderResponse>`,
      );
    const none = errorMessage("FindFolder", "ErrorFolderNotFound");
    const { exchange, seen } = await start(({ body }) => {
      const offset = Number(/ Offset="(\d+)"/.exec(body)?.[1]);
      return { body: offset === 0 ? page(0, ["One"], false, 1, none) : page(1, ["Two"], false, 1) };
    });
    expect(await exchange.mailbox(undefined).folder("Two")).toMatchObject({ folderId: "Two1", path: "Two" });
    // Two pages, and two more looks for what should follow.
    expect(seen).toHaveLength(4);
  });
});

describe("a refusal by EWS", () => {
  test("of an impersonation names the role", async () => {
    const { exchange } = await start(() => fault("ErrorImpersonateUserDenied"));
    const [outcome] = await all(exchange.mailbox(undefined).get(["a"], {}));
    expect(outcome).toMatchObject({
      ok: false,
      failure: { code: "role-missing", hint: expect.stringContaining("ApplicationImpersonation") },
    });
  });

  test.each(["ErrorAccessDenied", "ErrorDiscoverySearchesDisabled"])(
    "(%s) of the list of searchable mailboxes names Discovery Management",
    async (code) => {
      const { exchange, seen } = await start(() => ({
        body: envelope(
          `<m:GetSearchableMailboxesResponse ResponseClass="Error"><m:MessageText>x</m:MessageText><m:ResponseCode>${code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:GetSearchableMailboxesResponse>`,
        ),
      }));
      await expect(exchange.searchableMailboxes({})).rejects.toMatchObject({
        code: "role-missing",
        wireCode: code,
        message: expect.stringContaining("Discovery Management"),
      });
      expect(seen[0]?.body).not.toContain("ExchangeImpersonation");
    },
  );

  test("to move items into the Recoverable Items leads to a soft deletion of exactly these", async () => {
    const { exchange, seen } = await start(({ operation, ids }) =>
      operation === "MoveItem"
        ? replyOf(
            "MoveItem",
            ids.map((id) => (id === "b" ? errorMessage("MoveItem", "ErrorAccessDenied") : itemMessage("MoveItem", `new-${id}`))),
          )
        : replyOf(
            "DeleteItem",
            ids.map(() => deletedMessage),
          ),
    );
    expect(await all(exchange.mailbox(undefined).delete(["a", "b", "c"], "soft"))).toMatchObject([
      { ok: true, value: { newItemId: "new-a" } },
      { ok: true, value: {} },
      { ok: true, value: { newItemId: "new-c" } },
    ]);
    expect(seen.at(-1)).toMatchObject({ operation: "DeleteItem", ids: ["b"] });
    expect(seen.at(-1)?.body).toContain('DeleteType="SoftDelete"');
  });

  test("is not followed by notifications after a hard deletion", async () => {
    const { exchange, seen } = await start(({ ids }) =>
      replyOf(
        "DeleteItem",
        ids.map(() => deletedMessage),
      ),
    );
    await all(exchange.mailbox(undefined).delete(["a"], "hard"));
    expect(seen[0]?.body).toContain(
      'SendMeetingCancellations="SendToNone" AffectedTaskOccurrences="AllOccurrences" SuppressReadReceipts="true"',
    );
  });

  test("to copy an item to another mailbox fails that item alone and leaves no file", async () => {
    const directory = await mkdtemp(join(tmpdir(), "test-"));
    vi.stubEnv("TMPDIR", directory);
    const { exchange, seen } = await start(({ operation, ids }) => {
      if (operation === "GetFolder") {
        return replyOf("GetFolder", [
          '<m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Folders><t:Folder><t:FolderId Id="there"/></t:Folder></m:Folders></m:GetFolderResponseMessage>',
        ]);
      }
      if (operation === "ExportItems") {
        if (ids[0] === "bad") return replyOf("ExportItems", [errorMessage("ExportItems", "ErrorItemCorrupt")]);
        return replyOf("ExportItems", [
          '<m:ExportItemsResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:ItemId Id="a"/><m:Data>AQID</m:Data></m:ExportItemsResponseMessage>',
        ]);
      }
      return replyOf("UploadItems", [
        '<m:UploadItemsResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:ItemId Id="new"/></m:UploadItemsResponseMessage>',
      ]);
    });
    const outcomes = await all(exchange.mailbox(undefined).copy(["a", "bad", "c"], { folder: "inbox", mailbox: "bob@example.com" }));
    expect(outcomes).toMatchObject([
      { ok: true, value: { newItemId: "new" } },
      { ok: false, failure: { code: "unreadable" } },
      { ok: true },
    ]);
    const upload = seen.find(({ operation }) => operation === "UploadItems");
    expect(upload?.body).toContain('<t:Item CreateAction="CreateNew"><t:ParentFolderId Id="there"/><t:Data>AQID</t:Data></t:Item>');
    expect(upload?.headers["x-anchormailbox"]).toBe("bob@example.com");
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  });
});
