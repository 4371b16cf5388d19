import { describe, expect, test } from "vitest";
import { testCertificate } from "../../lab/certificate.ts";
import { fine, noPython, otherPythons, run, scriptOf, standIn, toyService, without } from "./stage.ts";

const count = scriptOf("Count Sheep", toyService);
const shear = scriptOf("Shear Sheep", toyService);
const search = scriptOf("Search Emails Extended");
const remove = scriptOf("Delete Email");
const key = "mck_test_0123456789";

describe.skipIf(noPython)(`a script of the platform${without}`, () => {
  test("posts JSON with its API key to the action and prints one JSON document and nothing on standard error", async () => {
    const server = await standIn(() => ({ body: { ...fine, sheep: [] } }));
    const { code, out, err } = await run(count, { api_url: `${server.url}/`, api_key: key, shade: "black", limit: "7" });
    expect([code, err]).toEqual([0, ""]);
    expect(out.trimEnd()).not.toContain("\n");
    expect(JSON.parse(out)).toMatchObject({ success: true, message: "1 counted." });
    const [asked] = server.asked;
    expect(asked).toMatchObject({ method: "POST", path: "/v1/actions/count-sheep" });
    expect(asked?.headers).toMatchObject({
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json",
    });
    expect(server.sent()).toEqual({ shade: "black", limit: 7 });
  });

  test("leaves out exactly the fields that are unset, empty or None", async () => {
    const server = await standIn(() => ({ body: fine }));
    const environment = { shade: "None", names: "", limit: " ", mailbox: "None", awake: "", wolf: "none" };
    await run(count, { api_url: server.url, api_key: key, ...environment, connection: "None", default_mailbox: "", proxy_url: "None" });
    expect(server.sent()).toEqual({ wolf: "none" });
    expect(server.asked[0]?.path).toBe("/v1/actions/count-sheep");
  });

  test("refuses a guard or filter that is None if other fields of its type are empty, because the playbook gave no value", async () => {
    const server = await standIn(() => ({ body: fine }));
    const at = { api_url: server.url, api_key: key, internet_message_id: "<1@example.net>" };
    const { code, err } = await run(remove, { ...at, expected_count: "None", max_items: "" });
    expect([code, err, server.asked]).toEqual([1, expect.stringContaining("Expected Count is None"), []]);
    const searched = await run(search, { api_url: server.url, api_key: key, sender: " None " });
    expect([searched.code, searched.err, server.asked]).toEqual([1, expect.stringContaining("Sender is None"), []]);
  });

  test("treats None as unset where the platform writes None for every unset field", async () => {
    const server = await standIn(() => ({ body: fine }));
    const at = { api_url: server.url, api_key: key, internet_message_id: "<1@example.net>" };
    const { code } = await run(remove, { ...at, expected_count: "None", max_items: "None", timeout_seconds: "None" });
    expect([code, server.sent()]).toEqual([0, { internet_message_id: ["<1@example.net>"] }]);
  });

  test.each(["[]", "[None]", "['']", " , ,"])(
    "passes on %j as a list without items, which the service refuses for a filter",
    async (mailboxes) => {
      const server = await standIn(() => ({ body: fine }));
      await run(search, { api_url: server.url, api_key: key, mailboxes });
      expect(server.sent()).toEqual({ mailboxes: [] });
    },
  );

  test.each([
    ["true", true],
    ["True", true],
    ["1", true],
    ["false", false],
    ["0", false],
    // What it cannot mean the service refuses, naming the field: a dry run must not become a deletion.
    ["maybe", "maybe"],
  ])("reads %j of a checkbox as %j", async (given, sent) => {
    const server = await standIn(() => ({ body: fine }));
    await run(shear, { api_url: server.url, api_key: key, dry_run: given });
    expect(server.sent()).toEqual({ dry_run: sent });
  });

  test("sends lists that are joined by commas, in JSON or in Python's form, and never splits at a comma in a name or angle brackets", async () => {
    const server = await standIn(() => ({ body: fine }));
    await run(search, {
      api_url: server.url,
      api_key: key,
      mailboxes: " a@example.com, b@example.com,,",
      internet_message_id: '<1,"x"@example.net>; <2@example.net>\n3@example.net',
      fields: "subject, from",
      has_attachments: "false",
      received_after: "2026-11-23T10:00:00.000000Z",
    });
    expect(server.sent()).toEqual({
      mailboxes: ["a@example.com", "b@example.com"],
      internet_message_id: ['<1,"x"@example.net>', "<2@example.net>", "3@example.net"],
      fields: ["subject", "from"],
      has_attachments: false,
      received_after: "2026-11-23T10:00:00.000000Z",
    });
    const send = await standIn(() => ({ body: fine }));
    const to = '"Doe, Jane" <jane@example.com>; bob@example.com';
    await run(scriptOf("Send Email"), {
      api_url: send.url,
      api_key: key,
      to,
      cc: '["c@example.com"]',
      bcc: "['d@example.com', None]",
      headers: "X-A: 1, 2\nX-B: 3",
    });
    expect(send.sent()).toEqual({
      to: ['"Doe, Jane" <jane@example.com>', "bob@example.com"],
      cc: ["c@example.com"],
      bcc: ["d@example.com"],
      headers: ["X-A: 1, 2", "X-B: 3"],
    });
  });

  test("uses the resource's default mailbox and connection if the action names none", async () => {
    const server = await standIn(() => ({ body: fine }));
    const resource = { api_url: server.url, api_key: key, default_mailbox: "soc@example.com", connection: "on premises/2" };
    await run(count, resource);
    await run(count, { ...resource, mailbox: "ann@example.com" });
    expect(server.asked.map(({ path, body }) => [path, JSON.parse(body.toString())])).toEqual([
      ["/v1/actions/count-sheep?connection=on%20premises%2F2", { mailbox: "soc@example.com" }],
      ["/v1/actions/count-sheep?connection=on%20premises%2F2", { mailbox: "ann@example.com" }],
    ]);
  });

  test("works in an ASCII locale and with line breaks, quotes and markup in a field", async () => {
    const server = await standIn(() => ({ body: { ...fine, note: "Grüße \u2028 \ud83d\ude00 </script>" } }));
    const subject = 'Grüße 😀 \'); import os; os.abort() #\n"<b>"';
    const { code, out, err } = await run(search, { api_url: server.url, api_key: key, subject });
    expect([code, err]).toEqual([0, ""]);
    expect(server.sent()).toEqual({ subject });
    expect(JSON.parse(out).note).toBe("Grüße \u2028 \ud83d\ude00 </script>");
  });

  test("reports a failed call on standard error only (code, reason, hint, request id) and exits with 1", async () => {
    const body = {
      code: "mailbox-not-found",
      detail: "There is no mailbox x.\u001b[2J\u202e",
      hint: "Check the address.",
      request_id: "r-7",
    };
    const server = await standIn(() => ({ status: 404, headers: { "content-type": "application/problem+json" }, body }));
    const ran = await run(count, { api_url: server.url, api_key: key });
    expect(ran).toEqual({ code: 1, out: "", err: "mailbox-not-found: There is no mailbox x. [2J  Check the address. [request r-7]" });
  });

  test.each([
    ["no item succeeded", { succeeded: 0, failed: 2 }, 1, "All failed."],
    ["some items failed", { succeeded: 1, failed: 1 }, 0, ""],
  ])("prints each result if %s, and sets exit code and standard error accordingly", async (_, counts, exit, said) => {
    const answer = {
      success: false,
      message: "All failed.",
      counts: { requested: 2, not_found: 0, ...counts },
      results: [{ status: "failed" }],
    };
    const server = await standIn(() => ({ body: answer }));
    const { code, out, err } = await run(shear, { api_url: server.url, api_key: key });
    expect([code, err]).toEqual([exit, said]);
    expect(JSON.parse(out)).toEqual(answer);
  });

  test("exits with success if nothing was found", async () => {
    const answer = {
      success: true,
      message: "No ewes found.",
      counts: { requested: 0, succeeded: 0, failed: 0, not_found: 0 },
      results: [],
    };
    const server = await standIn(() => ({ body: answer }));
    expect((await run(shear, { api_url: server.url, api_key: key })).code).toBe(0);
  });

  test("sends one idempotency key in all tries of a change, a new one in the next run, and none for a read", async () => {
    const server = await standIn((_, at) => (at === 1 ? { status: 429, headers: { "retry-after": "1" } } : { body: fine }));
    expect((await run(shear, { api_url: server.url, api_key: key })).code).toBe(0);
    expect((await run(shear, { api_url: server.url, api_key: key })).code).toBe(0);
    expect((await run(count, { api_url: server.url, api_key: key })).code).toBe(0);
    const [first, again, other, read] = server.asked.map(({ headers }) => headers["idempotency-key"]);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(read).toBeUndefined();
  });

  test.each([409, 429, 503])("retries after status %i with a time to wait", async (status) => {
    const server = await standIn((_, at) => (at === 1 ? { status, headers: { "retry-after": "1" } } : { body: fine }));
    expect((await run(shear, { api_url: server.url, api_key: key })).code).toBe(0);
    expect(server.asked).toHaveLength(2);
  });

  test("retries once with the same key after a lost reply, and reports that the change may be done if the second is lost", async () => {
    const server = await standIn((_, at) => (at === 1 ? { breaks: true } : { body: fine }));
    expect((await run(shear, { api_url: server.url, api_key: key })).code).toBe(0);
    expect(new Set(server.asked.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    const gone = await standIn(() => ({ breaks: true }));
    const { code, out, err } = await run(shear, { api_url: gone.url, api_key: key });
    expect([code, out, gone.asked.length]).toEqual([1, "", 2]);
    expect(err).toContain("may still be done");
  });

  test("does not retry a remembered refusal or one without a time to wait", async () => {
    for (const headers of [{ "retry-after": "1", "idempotency-replayed": "true" }, {}]) {
      const server = await standIn(() => ({ status: 503, headers, body: { code: "busy", detail: "Busy." } }));
      expect((await run(shear, { api_url: server.url, api_key: key })).err).toBe("busy: Busy.");
      expect(server.asked).toHaveLength(1);
    }
  });

  test("waits at most for the Connection Timeout", async () => {
    const server = await standIn(() => ({ status: 429, headers: { "retry-after": "3600" }, body: { code: "busy", detail: "Busy." } }));
    expect((await run(shear, { api_url: server.url, api_key: key, timeout: "5" })).err).toBe("busy: Busy.");
    const { code, err } = await run(shear, { api_url: server.url, api_key: key, timeout: "soon" });
    expect([code, err]).toEqual([1, "Connection Timeout (s) must be a number of seconds, such as 180."]);
  });

  test("fails if no reply comes, and sends nothing twice", async () => {
    const server = await standIn(() => ({ hangs: true }));
    const { code, out, err } = await run(shear, { api_url: server.url, api_key: key, timeout: "1" });
    expect([code, out, server.asked.length]).toEqual([1, "", 1]);
    expect(err).toBe("No reply within Connection Timeout (s). What was begun may still be done: look before you repeat it.");
  });

  test("follows no redirect, because that would send the key to another server", async () => {
    const other = await standIn(() => ({ body: fine }));
    const server = await standIn(() => ({ status: 307, headers: { location: `${other.url}/v1/actions/count-sheep` } }));
    const { code, err } = await run(count, { api_url: server.url, api_key: key });
    expect([code, other.asked.length]).toEqual([1, 0]);
    expect(err).toContain("HTTP 307");
  });

  test.each([
    ["what is no JSON", { body: "<html>Sign in</html>" }, "is API URL right?"],
    ["JSON that is no object", { body: "[]" }, "is API URL right?"],
    ["JSON that is nested without end", { body: "[".repeat(100_000) }, ""],
    ["a refusal of somebody else", { status: 502, body: "<h1>Bad gateway</h1>" }, "HTTP 502"],
    ["a proxy that waited no longer", { status: 504, body: "<h1>Timeout</h1>" }, "may still be done"],
  ])("prints one line for a failure: %s", async (_, given, said) => {
    const server = await standIn(() => given);
    const { code, out, err } = await run(count, { api_url: server.url, api_key: key });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(said);
    expect(err).not.toMatch(/Traceback|\n/);
    expect(err.length).toBeGreaterThan(10);
  });

  test.each([
    [{ api_url: "" }, "API URL must be"],
    [{ api_url: "file:///etc/passwd" }, "API URL must be"],
    [{ api_url: "https://user:secret-word@127.0.0.1:1" }, "API URL must be"],
    [{ api_url: "http://mailcordon.example.com" }, "API URL begins with http"],
    [{ api_url: "http://127.0.0.1.example.com" }, "API URL begins with http"],
    [{ api_url: "http://localhost.example.com:8025" }, "API URL begins with http"],
    [{ api_key: "" }, "API Key is missing"],
    [{ api_key: "secret-word\r\nX-Evil: 1" }, "API Key is missing"],
    [{ api_url: "http://127.0.0.1:1", proxy_url: "http:/secret-word" }, ""],
    [{ api_url: "http://127.0.0.1:1" }, "cannot be reached"],
    [{ ca_certificate: "nothing" }, "CA Certificate holds no certificate"],
    [{ ca_certificate: "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----" }, "CA Certificate cannot be read"],
  ])("names no secret in its refusal of the resource %j", async (resource, said) => {
    const { code, out, err } = await run(count, { api_url: "http://127.0.0.1:1", api_key: key, no_proxy: "", ...resource });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(said);
    expect(err.length).toBeGreaterThan(10);
    expect(err).not.toContain("secret-word");
    expect(err).not.toContain(key);
  });

  test("uses a proxy only if the platform names one", async () => {
    const proxy = await standIn(() => ({ body: fine }));
    const { code } = await run(count, { api_url: "http://127.0.0.1:1", api_key: key, proxy_url: proxy.url, no_proxy: "" });
    expect(code).toBe(0);
    expect(proxy.asked[0]?.path).toBe("http://127.0.0.1:1/v1/actions/count-sheep");
  });
});

describe.skipIf(noPython)(`the certificate of the service${without}`, () => {
  const secure = async () => standIn(() => ({ body: fine }), testCertificate);

  test("is checked by default: an untrusted one is refused, and the API key is never sent", async () => {
    for (const verify of [{}, { verify: "" }, { verify: "None" }, { verify: "true" }, { verify: "1" }]) {
      const server = await secure();
      const { code, out, err } = await run(count, { api_url: server.url, api_key: key, ...verify });
      expect([code, out, server.asked.length]).toEqual([1, "", 0]);
      expect(err).toContain("CA Certificate");
    }
  });

  test.each([
    ["as it is", (pem: string) => pem],
    ["with blanks for its line ends", (pem: string) => pem.replaceAll("\n", " ")],
    ["with \\n for its line ends", (pem: string) => pem.replaceAll("\n", "\\n")],
  ])("is trusted if it is given %s", async (_, written) => {
    const server = await secure();
    const { code, err } = await run(count, { api_url: server.url, api_key: key, ca_certificate: written(testCertificate.cert) });
    expect([code, err, server.asked.length]).toEqual([0, "", 1]);
  });

  test("is not trusted for another name", async () => {
    const server = await secure();
    const url = server.url.replace("127.0.0.1", "localhost.");
    const { code, err } = await run(count, { api_url: url, api_key: key, ca_certificate: testCertificate.cert });
    expect([code, server.asked.length]).toEqual([1, 0]);
    expect(err.length).toBeGreaterThan(10);
  });

  test("is not checked if the resource disables it, without a warning on standard error", async () => {
    const server = await secure();
    const { code, err } = await run(count, { api_url: server.url, api_key: key, verify: "false" });
    expect([code, err, server.asked.length]).toEqual([0, "", 1]);
  });
});

test.each(otherPythons)("%s runs the scripts as well and trusts the given certificate", async (program) => {
  const server = await standIn(() => ({ body: { ...fine, items: [], per_mailbox: [], truncated: false } }), testCertificate);
  const environment = { api_url: server.url, api_key: key, ca_certificate: testCertificate.cert, subject: "Grüße", mailboxes: "a,b" };
  const { code, err } = await run(search, environment, program);
  expect([code, err]).toEqual([0, ""]);
  expect(server.sent()).toEqual({ subject: "Grüße", mailboxes: ["a", "b"] });
});

describe.skipIf(noPython)(`the test of a connection${without}`, () => {
  const script = toyService.integration.script.test_connection_code;

  test("succeeds if `doctor` succeeds, and otherwise repeats its findings", async () => {
    const well = await standIn(() => ({ body: { success: true, message: "All is well.", checks: [] } }));
    const good = await run(script, { api_url: well.url, api_key: key, connection: "b", default_mailbox: "soc@example.com" });
    expect([good.code, good.err]).toEqual([0, ""]);
    expect(well.asked[0]?.path).toBe("/v1/connection/test?connection=b");
    const ill = await standIn(() => ({ body: { success: false, message: "EWS: the password is wrong.", checks: [] } }));
    const bad = await run(script, { api_url: ill.url, api_key: key });
    expect(bad).toEqual({ code: 1, out: "", err: "EWS: the password is wrong." });
  });

  test("names each failed step with its hint", async () => {
    const checks = [
      { name: "tcp", status: "ok", found: "connected" },
      { name: "ews", status: "failed", found: "the sign-in was refused", next: ["Check the password.", "Then\nthe name."] },
      { name: "mailbox", status: "skipped", found: "ews failed" },
      { name: "discovery", status: "unknown", found: "not seen" },
      "no step",
    ];
    const ill = await standIn(() => ({ body: { success: false, message: "12 of 12 actions would not work.", checks } }));
    const { err } = await run(script, { api_url: ill.url, api_key: key });
    expect(err).toBe("12 of 12 actions would not work. ews: the sign-in was refused. Check the password. Then the name.");
    const unsure = await standIn(() => ({ body: { success: false, message: "Not sure.", checks: checks.slice(2) } }));
    expect((await run(script, { api_url: unsure.url, api_key: key })).err).toBe("Not sure. discovery: not seen.");
  });
});
