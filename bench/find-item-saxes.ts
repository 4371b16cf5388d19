import { SaxesParser } from "saxes";
import type { Message } from "../src/exchange/message.ts";

const types = "http://schemas.microsoft.com/exchange/services/2006/types";

interface Person {
  name: string | undefined;
  address: string | undefined;
  routingType: string | undefined;
}

/** Reads the messages of a page with saxes (namespaces on) and a handler for this page only. Our reader is compared with it. */
export function readWithSaxes(chunks: readonly Buffer[]): Message[] {
  const found: Message[] = [];
  const parser = new SaxesParser({ xmlns: true });
  const decoder = new TextDecoder();
  let text = "";
  let itemId = "";
  let changeKey = "";
  let parentFolderId = "";
  let conversationId = "";
  let categories: string[] | undefined;
  let sender: Person | undefined;
  let from: Person | undefined;
  let person: Person = { name: undefined, address: undefined, routingType: undefined };
  let fields = new Map<string, string>();
  let inMessage = false;
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    text = "";
    if (tag.uri !== types) return;
    switch (tag.local) {
      case "Message":
        inMessage = true;
        fields = new Map();
        categories = sender = from = undefined;
        break;
      case "ItemId":
        itemId = tag.attributes.Id?.value ?? "";
        changeKey = tag.attributes.ChangeKey?.value ?? "";
        break;
      case "ParentFolderId":
        parentFolderId = tag.attributes.Id?.value ?? "";
        break;
      case "ConversationId":
        conversationId = tag.attributes.Id?.value ?? "";
        break;
      case "Categories":
        categories = [];
        break;
      case "Mailbox":
        person = { name: undefined, address: undefined, routingType: undefined };
    }
  });
  parser.on("text", (piece) => {
    text += piece;
  });
  parser.on("closetag", (tag) => {
    if (!inMessage || tag.uri !== types) return;
    switch (tag.local) {
      case "Message":
        inMessage = false;
        found.push({
          itemId,
          changeKey,
          internetMessageId: fields.get("InternetMessageId"),
          conversationId,
          parentFolderId,
          itemClass: fields.get("ItemClass"),
          subject: fields.get("Subject"),
          sender,
          from,
          receivedAt: time(fields.get("DateTimeReceived")),
          sentAt: time(fields.get("DateTimeSent")),
          createdAt: time(fields.get("DateTimeCreated")),
          modifiedAt: time(fields.get("LastModifiedTime")),
          size: Number(fields.get("Size")),
          importance: importance(fields.get("Importance")),
          sensitivity: fields.get("Sensitivity"),
          isRead: fields.get("IsRead") === "true",
          isDraft: fields.get("IsDraft") === "true",
          categories,
          hasAttachments: fields.get("HasAttachments") === "true",
          webLink: fields.get("WebClientReadFormQueryString"),
        });
        break;
      case "String":
        categories?.push(text);
        break;
      case "Name":
        person.name = text;
        break;
      case "EmailAddress":
        person.address = text;
        break;
      case "RoutingType":
        person.routingType = text;
        break;
      case "Sender":
        sender = person;
        break;
      case "From":
        from = person;
        break;
      case "InternetMessageId":
      case "ItemClass":
      case "Subject":
      case "DateTimeReceived":
      case "DateTimeSent":
      case "DateTimeCreated":
      case "LastModifiedTime":
      case "Size":
      case "Importance":
      case "Sensitivity":
      case "IsRead":
      case "IsDraft":
      case "HasAttachments":
      case "WebClientReadFormQueryString":
        fields.set(tag.local, text);
    }
  });
  for (const chunk of chunks) parser.write(decoder.decode(chunk, { stream: true }));
  parser.close();
  return found;
}

function time(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${text.slice(0, 19)}.000Z`;
}

function importance(text: string | undefined): "Low" | "Normal" | "High" | undefined {
  return text === "Low" || text === "Normal" || text === "High" ? text : undefined;
}
