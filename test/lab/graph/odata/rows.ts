import { GraphError } from "../../../../src/lab/graph/errors.ts";
import type { Row, Searched } from "../../../../src/lab/graph/row.ts";

// Rows made by hand, with what a test is about.

export interface Mail {
  readonly id: string;
  readonly subject?: string;
  readonly from?: string;
  readonly received?: string;
  readonly categories?: readonly string[];
  readonly isRead?: boolean;
  readonly hasAttachments?: boolean;
  readonly importance?: "low" | "normal" | "high";
  readonly to?: string;
  readonly body?: string;
  readonly attachment?: string;
  readonly conversationId?: string | null;
  readonly extended?: Readonly<Record<string, string>>;
}

export function row({ id, subject = "", from = "mallory@example.org", received = "2026-01-05T10:00:00Z", ...mail }: Mail): Row {
  const searched: Searched = {
    subject,
    body: mail.body ?? "",
    from: ["Mallory", from],
    to: [mail.to ?? "anna@example.com"],
    cc: [],
    bcc: [],
    attachments: mail.attachment === undefined ? [] : [mail.attachment],
    received: new Date(received),
    sent: undefined,
    size: 1000,
    hasAttachments: mail.hasAttachments ?? false,
    importance: mail.importance ?? "normal",
  };
  return {
    properties: {
      "@odata.etag": 'W/"1"',
      id,
      subject,
      receivedDateTime: received,
      from: { emailAddress: { name: "Mallory", address: from } },
      toRecipients: [{ emailAddress: { name: "", address: mail.to ?? "anna@example.com" } }],
      categories: mail.categories ?? [],
      isRead: mail.isRead ?? false,
      hasAttachments: mail.hasAttachments ?? false,
      importance: mail.importance ?? "normal",
      internetMessageId: `<${id}@example.org>`,
      conversationId: mail.conversationId ?? null,
      body: { contentType: "text", content: mail.body ?? "" },
      internetMessageHeaders: [{ name: "X-Mailer", value: "1" }],
    },
    onlySelected: new Set(["internetMessageHeaders"]),
    expanded: (navigation) =>
      navigation === "attachments"
        ? [{ properties: { "@odata.type": "#microsoft.graph.fileAttachment", id: "a", name: mail.attachment ?? null, contentId: "c" } }]
        : undefined,
    extended: (id) => mail.extended?.[id],
    searched: () => searched,
  };
}

/** What a refusal is called; what is no refusal is thrown on. */
export function refusedAs(act: () => unknown): string {
  try {
    const result = act();
    throw new Error(`It was not refused, but gave ${JSON.stringify(result)}`);
  } catch (error) {
    if (error instanceof GraphError) return error.code;
    throw error;
  }
}

export function urlOf(query: string): URL {
  return new URL(`https://graph.example/v1.0/users/anna%40example.com/messages?${query}`);
}
