import type { Lab } from "../../../../src/lab/lab.ts";
import { messages } from "../item-calls.ts";
import { call, type Received } from "../soap-client.ts";

export interface Wanted {
  readonly kinds?: readonly string[];
  readonly folders?: string;
  readonly kind?: "Pull" | "Streaming";
  readonly minutes?: number;
  readonly watermark?: string;
}

/** A Subscribe request; `folders`: ids, or empty for all folders. */
export function subscribing({ kinds = ["NewMailEvent"], folders = "", kind = "Pull", minutes = 10, watermark }: Wanted = {}): string {
  const types = kinds.map((one) => `<t:EventType>${one}</t:EventType>`).join("");
  const where = folders === "" ? "" : `<t:FolderIds>${folders}</t:FolderIds>`;
  const mark = watermark === undefined ? "" : `<t:Watermark>${watermark}</t:Watermark>`;
  const timeout = kind === "Pull" ? `<t:Timeout>${minutes}</t:Timeout>` : "";
  const all = folders === "" ? ` SubscribeToAllFolders="true"` : "";
  return `<m:Subscribe><m:${kind}SubscriptionRequest${all}>${where}<t:EventTypes>${types}</t:EventTypes>${mark}${timeout}</m:${kind}SubscriptionRequest></m:Subscribe>`;
}

/** Subscribes and returns the id and the watermark. */
export async function subscribed(lab: Lab, wanted: Wanted = {}): Promise<{ readonly id: string; readonly watermark: string }> {
  const [message] = messages(await call(lab, subscribing(wanted)));
  return { id: message?.textAt("SubscriptionId") ?? "", watermark: message?.textAt("Watermark") ?? "" };
}

export const pulling = (id: string, watermark: string): string =>
  `<m:GetEvents><m:SubscriptionId>${id}</m:SubscriptionId><m:Watermark>${watermark}</m:Watermark></m:GetEvents>`;

/** The events of a reply to GetEvents, each by its element, and the last watermark. */
export function pulled(received: Received) {
  const notification = messages(received)[0]?.child("Notification");
  const events = (notification?.children ?? []).filter(({ name }) => name.endsWith("Event"));
  return {
    events,
    names: events.map(({ name }) => name),
    hasMore: notification?.textAt("MoreEvents"),
    watermark: events.at(-1)?.textAt("Watermark") ?? "",
  };
}
