import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Asked, fileWith, fine, type Given, noPython, partsOf, run, type StandIn, scriptOf, standIn, without } from "./stage.ts";

const key = "mck_test_0123456789";
const eml = Buffer.from("Subject: x\r\n\r\n\u0000\u00ff not text \r\n", "latin1");
const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const hostileName = 'a"\r\nX-Evil: 1\r\n\r\n<b>Ünvoice.eml';
const row = { status: "done", name: "n", safe_name: hostileName, size: eml.length, sha256: sha(eml), file_ref: `/v1/evidence/${sha(eml)}` };

/** The service, which has fetched these rows and keeps the message. */
function service(rows: readonly object[], evidence: Given = { body: eml }): Promise<StandIn> {
  return standIn(({ method, path }) => {
    if (method === "GET") return path === `/v1/evidence/${sha(eml)}` ? evidence : { status: 404 };
    return { body: { ...fine, message: "1 message saved.", results: rows } };
  });
}

/** The platform's attachments, strict about what it takes. */
function cloudSoar(
  answer: (asked: Asked) => Given = () => ({ body: { id: 9, file_name: "x", file_size: eml.length, uploader: "somebody" } }),
) {
  return standIn((asked) => {
    const { method, path, headers } = asked;
    const isRight =
      method === "POST" &&
      path === "/api/csoar/v3/incidents/4711/attachments/" &&
      headers.authorization === `Basic ${Buffer.from("identity:pass:word").toString("base64")}` &&
      /^multipart\/form-data; boundary=\S+$/.test(headers["content-type"] ?? "") &&
      headers["content-length"] === String(asked.body.length);
    return isRight ? answer(asked) : { status: 400 };
  });
}

const download = scriptOf("Download Mail As EML");
const resource = (api: StandIn, soar: StandIn) => ({
  api_url: api.url,
  api_key: key,
  cloud_soar_api_url: `${soar.url}/`,
  access_id: "identity",
  access_key: "pass:word",
});

describe.skipIf(noPython)(`evidence that an action fetched${without}`, () => {
  test.each(["Download Mail As EML", "Get Attachments"])(
    "%s puts it into the current incident, byte for byte, and gives hashes and a link that leads somewhere",
    async (title) => {
      const [api, soar] = [await service([row]), await cloudSoar()];
      const { code, out, err } = await run(scriptOf(title), { ...resource(api, soar), IncmanParamIncidentId: "4711", item_id: "AAA=" });
      expect([code, err]).toEqual([0, ""]);
      const answer = JSON.parse(out);
      expect(answer).toMatchObject({ success: true, incident: { id: "4711", attached: 1, failed: 0 } });
      expect(answer.results[0]).toMatchObject({
        sha256: sha(eml),
        file_ref: `${api.url}/v1/evidence/${sha(eml)}`,
        incident_attachment: { id: 9 },
      });
      expect(api.asked[1]?.headers.authorization).toBe(`Bearer ${key}`);

      const [asked] = soar.asked;
      if (asked === undefined) throw new Error("nothing was put");
      const parts = partsOf(asked);
      expect([...parts.keys()]).toEqual(["file_name", "additional_info", "reference", "attachment"]);
      expect(parts.get("attachment")?.content.equals(eml)).toBe(true);
      expect(parts.get("attachment")?.head).toBe(
        'Content-Disposition: form-data; name="attachment"; filename="a%22%0D%0AX-Evil: 1%0D%0A%0D%0A<b>Ünvoice.eml"\r\nContent-Type: application/octet-stream',
      );
      expect(parts.get("additional_info")?.content.toString()).toBe(`SHA-256 ${sha(eml)}`);
    },
  );

  test("goes into the incident that the field names instead of the current one", async () => {
    const [api, soar] = [await service([row]), await cloudSoar()];
    await run(download, { ...resource(api, soar), IncmanParamIncidentId: "1", incident_id: "4711" });
    expect(soar.asked).toHaveLength(1);
  });

  test.each([
    ["no incident is known", { IncmanParamIncidentId: "None" }],
    ["the key is missing", { access_key: "" }],
    ["the address is missing", { cloud_soar_api_url: "" }],
  ])("is reported by hashes and links only if %s", async (_, environment) => {
    const [api, soar] = [await service([row]), await cloudSoar()];
    const { code, out } = await run(download, { ...resource(api, soar), IncmanParamIncidentId: "4711", ...environment });
    expect([code, api.asked.length, soar.asked.length]).toEqual([0, 1, 0]);
    const answer = JSON.parse(out);
    expect(answer.incident).toBeUndefined();
    expect(answer.results[0].file_ref).toBe(`${api.url}/v1/evidence/${sha(eml)}`);
  });

  test("is attached once for two names of the same bytes, never for a failed item, and from the answer if the answer contains it", async () => {
    const inside = { ...row, file_ref: undefined, base64: eml.toString("base64") };
    const [api, soar] = [
      await service([inside, row, { status: "failed", error: { message: "x" } }, { status: "not_found" }]),
      await cloudSoar(),
    ];
    const { out } = await run(download, { ...resource(api, soar), incident_id: "4711" });
    expect(JSON.parse(out).incident).toEqual({ id: "4711", attached: 2, failed: 0 });
    expect([api.asked.length, soar.asked.length]).toEqual([1, 1]);
  });

  test.each([
    ["the platform refuses it", { body: eml }, { status: 403 }, "4711", "Cloud SOAR answered HTTP 403."],
    ["the platform answers no JSON", { body: eml }, { body: "<html>" }, "4711", "Error"],
    ["the bytes are not those of the hash", { body: "other" }, { body: {} }, "4711", "not those that were hashed"],
    ["the evidence is gone", { status: 404, body: { code: "not-found", detail: "Gone." } }, { body: {} }, "4711", "not-found: Gone."],
    ["the incident is no number", { body: eml }, { body: {} }, "1/../2", "must be a number"],
  ])("keeps its hashes and links when %s, which is told and is no success", async (_, evidence, reply, incident_id, said) => {
    const [api, soar] = [await service([row], evidence), await cloudSoar(() => reply)];
    const { code, out, err } = await run(download, { ...resource(api, soar), incident_id });
    expect([code, err]).toEqual([0, ""]);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ success: false, incident: { attached: 0, failed: 1 }, results: [{ sha256: sha(eml), status: "done" }] });
    expect(answer.message).toBe(`1 message saved. 1 of 1 could not be put into incident ${incident_id}.`);
    expect(answer.results[0].incident_attachment.error).toContain(said);
    expect(out).not.toMatch(/identity|pass:word/);
  });
});

describe.skipIf(noPython)(`a file of an upload field${without}`, () => {
  const send = scriptOf("Send Email");
  const sentBy = async (attachments: string) => {
    const api = await service([]);
    const ran = await run(send, { api_url: api.url, api_key: key, to: "a@example.com", attachments });
    const [asked] = api.asked.slice(-1);
    const parts = asked?.headers["content-type"]?.startsWith("multipart/") !== true ? undefined : partsOf(asked);
    const input: unknown = JSON.parse(parts?.get("input")?.content.toString() ?? "{}");
    return { ...ran, parts, input, asked: api.asked };
  };

  test("is sent as a part of its own, byte for byte, under its name", async () => {
    const path = fileWith(eml, 'Rechnung "März", 2.pdf');
    const { code, err, parts, input } = await sentBy(path);
    expect([code, err]).toEqual([0, ""]);
    expect(input).toEqual({ to: ["a@example.com"], attachments: [{ path: "file-1", name: 'Rechnung "März", 2.pdf' }] });
    expect(parts?.get("input")?.head).toContain("Content-Type: application/json");
    expect(parts?.get("file-1")?.content.equals(eml)).toBe(true);
  });

  test("may be one of several, separated by commas", async () => {
    const { input, parts } = await sentBy(`${fileWith("one", "1.txt")}, ${fileWith("two", "2.txt")}`);
    expect(input).toMatchObject({
      attachments: [
        { path: "file-1", name: "1.txt" },
        { path: "file-2", name: "2.txt" },
      ],
    });
    expect(parts?.get("file-2")?.content.toString()).toBe("two");
  });

  test("that is the output of an earlier node is read from that node's evidence", async () => {
    const results = [
      { ...row, safe_name: "mail.eml" },
      { status: "failed" },
      { ...row, sha256: sha(Buffer.from("x")), base64: "eA==", safe_name: "x" },
    ];
    for (const message of [{ ...fine, results }, JSON.stringify({ ...fine, results })]) {
      const { code, input, parts } = await sentBy(fileWith(JSON.stringify({ message })));
      expect(code).toBe(0);
      expect(input).toMatchObject({
        attachments: [
          { path: "file-1", name: "mail.eml" },
          { path: "file-2", name: "x" },
        ],
      });
      expect(parts?.get("file-1")?.content.equals(eml)).toBe(true);
      expect(parts?.get("file-2")?.content.toString()).toBe("x");
    }
  });

  test.each([
    ["an output without evidence", { message: { a: [1] } }, "out.json", '{\n  "a": [\n    1\n  ]\n}'],
    ["an output that is text", { message: "Grüße" }, "out", "Grüße"],
    ["a file that only looks like one", { message: 1, other: 2 }, "out", '{"message":1,"other":2}'],
  ])("%s is attached as it is", async (_, content, name, bytes) => {
    const { input, parts } = await sentBy(fileWith(JSON.stringify(content), "out"));
    expect(input).toMatchObject({ attachments: [{ path: "file-1", name }] });
    expect(parts?.get("file-1")?.content.toString()).toBe(bytes);
  });

  test("is a failure with its name if it does not exist, and nothing is sent", async () => {
    const { code, out, err, asked } = await sentBy("/no/such/file");
    expect([code, out, asked.length]).toEqual([1, "", 0]);
    expect(err).toBe("/no/such/file: this file cannot be read (No such file or directory).");
  });

  test("is a failure if its evidence cannot be read or its name is not a hash", async () => {
    for (const sha256 of ["../../v1/actions", sha(Buffer.from("gone"))]) {
      const { code, asked } = await sentBy(fileWith(JSON.stringify({ message: { results: [{ ...row, sha256 }] } })));
      expect([code, asked.filter(({ method }) => method === "POST").length]).toEqual([1, 0]);
    }
  });

  test("is left out if the field is unset, and the request is JSON", async () => {
    const { asked } = await sentBy("None");
    expect(asked[0]?.headers["content-type"]).toBe("application/json");
  });
});
