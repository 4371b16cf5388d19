import { request } from "node:http";
import { labPermissions, labToken } from "../src/lab/graph/sign-in/practice-token.ts";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { socAddress } from "../src/lab/seed/seed.ts";
import { labPassword } from "../src/lab/store/store.ts";
import { fill, mailbox } from "./mailbox.ts";
import type { Measure } from "./measure.ts";

const bar = 3;
const perRound = 20;

const properties = ["Subject", "DateTimeReceived", "HasAttachments", "Importance", "Categories"].map((name) => `item:${name}`);
const fields = [...properties, "message:From", "message:IsRead", "message:InternetMessageId", "item:Preview"];
const find = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header><t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${mailbox}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body><m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>${fields.map((uri) => `<t:FieldURI FieldURI="${uri}"/>`).join("")}</t:AdditionalProperties></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="50" Offset="0" BasePoint="Beginning"/><m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem></s:Body></s:Envelope>`;
const select = "subject,receivedDateTime,hasAttachments,importance,categories,from,isRead,internetMessageId,bodyPreview";
const list = `/users/${mailbox}/mailFolders/inbox/messages?$top=50&$orderby=receivedDateTime desc&$select=${select}`;

function exchange(url: string, method: string, headers: Readonly<Record<string, string>>, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${response.statusCode} ${text}`))));
    });
    sent.on("error", reject).end(body);
  });
}

const overEws = (lab: Lab): Promise<string> => {
  const Authorization = `Basic ${Buffer.from(`${socAddress}:${labPassword}`).toString("base64")}`;
  return exchange(lab.ewsUrl, "POST", { "Content-Type": "text/xml", Authorization }, find);
};
const overGraph = (lab: Lab): Promise<string> => exchange(encodeURI(lab.graphUrl + list), "GET", { Authorization: `Bearer ${labToken}` });

async function cpuOf(act: () => Promise<string>): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < perRound; n += 1) await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / perRound;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Measures the lab itself: the CPU time of a list of 50 messages over Graph, beside the same list over EWS. */
export async function measureLists(rounds: number): Promise<Measure[]> {
  const lab = await startLab({ gzip: false, graph: { tokens: { [labToken]: labPermissions } } });
  try {
    fill(lab);
    const [ews, graph]: [number[], number[]] = [[], []];
    for (let round = 0; round < Math.max(rounds, 3) + 1; round += 1) {
      ews.push(await cpuOf(() => overEws(lab)));
      graph.push(await cpuOf(() => overGraph(lab)));
    }
    // The first round warms up.
    const [one, other] = [median(graph.slice(1)), median(ews.slice(1))];
    const value = one / other;
    const detail = `${one.toFixed(2)} against ${other.toFixed(2)} ms`;
    return [{ name: "lab: 50 messages listed over Graph, beside EWS", value, unit: "x CPU", bar, ok: value <= bar, detail }];
  } finally {
    await lab.close();
  }
}
