import { expect, test } from "vitest";
import { anna, call, refusal, startGraphLab } from "../graph-client.ts";

const wanted = {
  changeType: "created",
  notificationUrl: "https://soc.example.com/notified",
  resource: `/users/${anna}/mailFolders('inbox')/messages`,
  expirationDateTime: "2026-12-03T11:00:00Z",
};

test("a subscription is refused as one whose endpoint cannot be reached, and none is listed", async () => {
  const lab = await startGraphLab();
  const received = await call(lab, "POST", "/subscriptions", wanted);
  expect(refusal(received)).toEqual([400, "ValidationError"]);
  expect(received.at("error", "message")).toContain("Subscription validation request failed.");
  expect((await call(lab, "GET", "/subscriptions")).at("value")).toEqual([]);
});

test.each([
  ["without a resource", { ...wanted, resource: undefined }],
  ["with an http address", { ...wanted, notificationUrl: "http://soc.example.com/" }],
])("a subscription %s is an invalid request", async (_, body) => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "POST", "/subscriptions", body))).toEqual([400, "InvalidRequest"]);
});
