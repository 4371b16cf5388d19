import { describe, expect, test } from "vitest";
import { fine, noPython, run, scriptOf, standIn, without } from "./stage.ts";

const pageOf = async (title: string, answer: object): Promise<string> => {
  const server = await standIn(() => ({ body: { ...fine, ...answer } }));
  const { code, out, err } = await run(scriptOf(title), { api_url: server.url, api_key: "mck_test_0123456789" });
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out).html;
};
/** Every tag that a page has, by name, with its attributes. */
const tagsOf = (page: string) => [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/^<\/?/, "").replace(/>$/, ""));

describe.skipIf(noPython)(`the page of an answer${without}`, () => {
  const attack = `"><img src=x onerror=alert(1)><script>alert('x')</script><style>*{}</style>&lt;{}{0}%s\u202egnp.exe\u0007`;

  test("shows messages as a table with addresses as people write them", async () => {
    const page = await pageOf("Search Emails Extended", {
      items: [
        {
          mailbox: "ann@example.com",
          item_id: "A",
          subject: "Grüße",
          from: { name: "Bob", address: "bob@example.net" },
          has_attachments: true,
        },
      ],
      per_mailbox: [],
      truncated: false,
    });
    expect(page).toContain("<h1>Search Emails Extended</h1>");
    expect(page).toContain("<td>Bob &lt;bob@example.net&gt;</td>");
    expect(page).toContain("<th>Has Attachments</th>");
    expect(page).not.toContain("Per Mailbox");
  });

  test("shows requested bodies as text below the table", async () => {
    const items = [{ mailbox: "ann@example.com", item_id: "A", subject: "S", body_text: "one\n<b>two</b>", body_html: "<p>one</p>" }];
    const page = await pageOf("Search Emails Extended", { items, per_mailbox: [], truncated: false });
    expect(page).toContain("<h3>Body Text: ann@example.com / S / A</h3><pre>one\n&lt;b&gt;two&lt;/b&gt;</pre>");
    expect(page).not.toContain("<p>one</p>");
  });

  test("shows the text of a reply, not its markup", async () => {
    const page = await pageOf("Get Out Of Office", {
      state: "Enabled",
      is_active_now: true,
      internal_reply: "<p>I am <b>away</b></p>",
      internal_reply_text: "I am away\nuntil Monday",
    });
    expect(page).toContain("I am away\nuntil Monday");
    expect(page).not.toContain("<b>");
    expect(page).toContain("<th>Is Active Now</th><td>yes</td>");
  });

  test("contains only its own tags, whatever the message contains: no script, image, link or reversed text", async () => {
    const clean = await pageOf("Get Contacts", {
      message: "m",
      contacts: [{ item_id: "1", display_name: "n", email_addresses: ["a"] }],
      truncated: true,
    });
    const page = await pageOf("Get Contacts", {
      message: attack,
      contacts: [{ item_id: attack, display_name: attack, email_addresses: [attack], company: "", phone_numbers: [], [attack]: attack }],
      truncated: true,
    });
    expect(new Set(tagsOf(page))).toEqual(new Set(tagsOf(clean)));
    expect(tagsOf(page).filter((tag) => /^(script|img|link|iframe|a|form|object|embed|base)\b|\b(on\w+|href|src)\s*=/i.test(tag))).toEqual(
      [],
    );
    expect(page).not.toMatch(/[\u0007\u202e]/);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;");
  });

  test("has at most 200 rows and 500 characters in a cell, and states the omissions", async () => {
    const contacts = Array.from({ length: 1000 }, (_, at) => ({
      item_id: String(at),
      display_name: "x".repeat(100_000),
      email_addresses: [],
    }));
    const page = await pageOf("Get Contacts", { contacts, truncated: false });
    expect(page.length).toBeLessThan(200_000);
    expect(page).toContain("800 more are in the JSON.");
  });

  test.each([
    ["lists that are none", { contacts: "x", truncated: false }],
    ["rows that are none", { contacts: [1, null, [[]], "x"], truncated: false }],
    ["members that are missing", {}],
  ])("%s make no page fail", async (_, answer) => {
    expect(await pageOf("Get Contacts", answer)).toContain("<h1>Get Contacts</h1>");
  });
});
