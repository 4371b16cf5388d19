import { request as httpRequest } from "node:http";
import { expect, test, vi } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { parseXml, type XmlElement } from "../../../../src/lab/xml.ts";
import { delivered, labForEach, messages } from "../item-calls.ts";
import { anna, call, envelope, outcomes } from "../soap-client.ts";
import { subscribed } from "./subscription-calls.ts";

const lab = labForEach();
const streaming = (...ids: readonly string[]): string =>
  `<m:GetStreamingEvents><m:SubscriptionIds>${ids.map((id) => `<t:SubscriptionId>${id}</t:SubscriptionId>`).join("")}</m:SubscriptionIds><m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents>`;

/** Opens a stream; `next` resolves with the response message of each envelope in turn, and with undefined after the last. */
function open(lab: Lab, id: string): { next(): Promise<XmlElement | undefined>; close(): void } {
  const found: (XmlElement | undefined)[] = [];
  let wanted: ((one: XmlElement | undefined) => void) | undefined;
  const give = (one: XmlElement | undefined): void => {
    if (wanted === undefined) found.push(one);
    else wanted(one);
    wanted = undefined;
  };
  const headers = {
    "Content-Type": "text/xml; charset=utf-8",
    Authorization: `Basic ${Buffer.from(`${anna}:anna-secret`).toString("base64")}`,
  };
  const request = httpRequest(lab.ewsUrl, { method: "POST", headers }, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const end = "</s:Envelope>";
      for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end)) {
        const body = parseXml(text.slice(0, at + end.length)).child("Body")?.children[0];
        text = text.slice(at + end.length);
        give(body?.child("ResponseMessages")?.children[0]);
      }
    });
    response.on("end", () => give(undefined));
    response.on("error", () => give(undefined));
  });
  request.on("error", () => give(undefined));
  request.end(envelope(streaming(id)));
  return {
    next: () =>
      found.length > 0
        ? Promise.resolve(found.shift())
        : new Promise((resolve) => {
            wanted = resolve;
          }),
    close: () => request.destroy(),
  };
}

test("a stream opens with OK, tells each message that arrives, and ends with the subscription", async () => {
  const { id } = await subscribed(lab(), { kind: "Streaming" });
  const stream = open(lab(), id);
  expect((await stream.next())?.textAt("ConnectionStatus")).toBe("OK");
  for (const subject of ["one", "two"]) {
    const item = delivered(lab(), `Subject: ${subject}\n\nt`);
    const told = await stream.next();
    expect(told?.textAt("Notifications", "Notification", "SubscriptionId")).toBe(id);
    expect(told?.at("Notifications", "Notification", "NewMailEvent", "ItemId")?.attributes.get("Id")).toBe(item.id);
  }
  await call(lab(), `<m:Unsubscribe><m:SubscriptionId>${id}</m:SubscriptionId></m:Unsubscribe>`);
  const last = await stream.next();
  expect([last?.textAt("ResponseCode"), last?.textAt("ConnectionStatus")]).toEqual(["ErrorInvalidSubscription", "Closed"]);
  expect(await stream.next()).toBeUndefined();
});

test("a stream that is opened later tells what came in between, and a second one does not repeat it", async () => {
  const { id } = await subscribed(lab(), { kind: "Streaming" });
  delivered(lab(), "Subject: between\n\nt");
  const first = open(lab(), id);
  expect((await first.next())?.textAt("ConnectionStatus")).toBe("OK");
  expect((await first.next())?.at("Notifications", "Notification", "NewMailEvent")).toBeDefined();
  first.close();
  // A request is logged when its connection has closed.
  await vi.waitFor(() => expect(lab().requests.map(({ operation }) => operation)).toContain("GetStreamingEvents"), { timeout: 20_000 });
  const item = delivered(lab(), "Subject: after\n\nt");
  const second = open(lab(), id);
  await second.next();
  expect((await second.next())?.at("Notifications", "Notification", "NewMailEvent", "ItemId")?.attributes.get("Id")).toBe(item.id);
  second.close();
});

test("an unknown subscription, or one of pulls, closes the stream at once and is named", async () => {
  const { id } = await subscribed(lab());
  for (const one of [id, "unknown"]) {
    const received = await call(lab(), streaming(one));
    expect(outcomes(received)).toEqual(["Error ErrorInvalidSubscription"]);
    const [message] = messages(received);
    expect([message?.textAt("ErrorSubscriptionIds", "SubscriptionId"), message?.textAt("ConnectionStatus")]).toEqual([one, "Closed"]);
  }
});
