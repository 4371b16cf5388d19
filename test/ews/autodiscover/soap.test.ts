import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { validateXML } from "xmllint-wasm";
import { endpointSettings, envelopeOf, request } from "../../../src/ews/autodiscover/soap.ts";
import { s } from "../../../src/ews/namespaces.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import { readXml } from "../../../src/wire/xml/read-xml.ts";
import { xmlText } from "../../../src/wire/xml/write-xml.ts";
import { absent, shared } from "../shared.ts";

const schemaFolder = "ews-schema/autodiscover-soap";
const missing = absent(schemaFolder) ?? absent("ews-samples");
const because = missing === undefined ? "" : ` (skipped: ${missing})`;

/** Returns the errors of the content of an envelope's body according to Microsoft's schema. */
async function problems(text: string): Promise<string[]> {
  const body = /<(?:\w+:)?GetUserSettings\w+Message[\s\S]*<\/(?:\w+:)?GetUserSettings\w+Message>/.exec(text)?.[0] ?? "";
  const declarations = [...text.matchAll(/\sxmlns:(?:a|i)="[^"]*"/g)].map(([found]) => found).join("");
  const whole = body.replace(
    /^<([\w:]+)/,
    (_, name: string) => `<${name}${body.includes("xmlns:a=") ? "" : declarations.replace(/\sxmlns:i="[^"]*"/g, "")}`,
  );
  const result = await validateXML({
    xml: [{ fileName: "0.xml", contents: whole }],
    schema: [{ fileName: "messages.xsd", contents: readFileSync(shared(`${schemaFolder}/messages.xsd`), "utf8").replace(/^\uFEFF/, "") }],
  });
  return result.errors.map(({ message }) => message);
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

const read = (text: string) => readXml(bytesOf(text), s("Envelope"), envelopeOf(endpointSettings.readSettings));
const sample = (name: string) => read(readFileSync(shared(`ews-samples/${name}`), "utf8"));

test("an address with characters of XML syntax stays an address", () => {
  const text = xmlText(request("a&b<c>@example.com", new URL("https://example.com/autodiscover/autodiscover.svc")));
  expect(text).toContain("<a:Mailbox>a&amp;b&lt;c&gt;@example.com</a:Mailbox>");
});

test.skipIf(missing)(`the request matches Microsoft's schema of Autodiscover${because}`, async () => {
  expect(await problems(xmlText(request("soc@example.com", new URL("https://example.com/autodiscover/autodiscover.svc"))))).toEqual([]);
});

test.skipIf(missing)(`the lab's replies match Microsoft's schema of Autodiscover${because}`, async () => {
  const behaviours = [
    undefined,
    { kind: "redirect-url", url: "https://x.example.com/" },
    { kind: "redirect-address", address: "a@example.org" },
    { kind: "error", code: "InvalidUser" },
  ] as const;
  for (const behave of behaviours) {
    const lab: Lab = await startLab({ seed: false, autodiscover: { rules: behave === undefined ? [] : [{ behave }] } });
    lab.store.addUser({ address: "soc@example.com" });
    const answer = await fetch(`${lab.url}/autodiscover/autodiscover.svc`, {
      method: "POST",
      headers: {
        "content-type": "text/xml; charset=utf-8",
        authorization: `Basic ${Buffer.from("soc@example.com:lab-password").toString("base64")}`,
      },
      body: xmlText(request("soc@example.com", new URL(lab.url))),
    });
    const text = await answer.text();
    await lab.close();
    expect([behave?.kind, answer.status, await problems(text)]).toEqual([behave?.kind, 200, []]);
  }
});

test.skipIf(missing)(`the samples of real servers and of Microsoft are read unchanged${because}`, async () => {
  expect(await sample("msdocs__GetUserSettings__response__04.xml")).toEqual({
    kind: "found",
    urls: ["https://server.Contoso.com/ews/exchange.asmx", "https://server.Contoso.com/ews/exchange.asmx"],
    schemas: [],
  });
  expect(await sample("msdocs__GetUserSettings__response__RedirectAddress__03.xml")).toEqual({
    kind: "address",
    address: "User1@mail.Contoso.com",
  });
  for (const name of ["InternalServerError__02", "InvalidSetting__01"]) {
    const answer = await sample(`exchangelib__GetUserSettings__response__${name}.xml`);
    expect(answer.kind === "nothing" && answer.failure.wireCode).toBe(name.slice(0, -4));
  }
  expect((await sample("msdocs__GetUserSettings__response__05.xml")).kind).toBe("nothing");
});
