import { type Answer, type Asked, failure, foldersOf, folderTree, idsOf, page, reply, success } from "./scripted.ts";

/** A message of the scripted mailbox. */
export interface Kept {
  id: string;
  changeKey: number;
  folder: string;
  xml: string;
  mark: string | undefined;
  attachments: string[];
  submitted: boolean;
}

/** The treatment of the next request of an operation: a refusal with a code; a lost answer, before or after the work; or completed work with another answer. */
export type Trouble = "lost before" | "lost after" | `${"" | "done, then "}${`Error${string}` | `HTTP ${number}` | "another wrapper"}`;

/** Just enough of a mailbox to send from: drafts with change keys, a mark to find them by, Sent Items. It counts what really went out. */
export class ScriptedMailbox {
  readonly kept: Kept[] = [];
  /** The draft of each message that was sent, in order. */
  readonly sent: Kept[] = [];
  readonly trouble: { operation: string; trouble: Trouble }[] = [];
  /** Orders that the server got, lost the answer of, and carries out only when the next request comes. */
  #late: (() => void)[] = [];
  /** Carries out a lost order later, not immediately. */
  lateOrders = false;
  /** Behaves like a server other than Exchange: a sent message also stays among the drafts. */
  keepsDrafts = false;
  /** As a server that is not Exchange: every change key is as good as the current one. */
  takesAnyKey = false;
  /** How many looks into Sent Items find nothing yet. */
  slowness = 0;
  original = `<t:Message><t:ItemId Id="original" ChangeKey="ok"/><t:Subject>Invoice</t:Subject><t:From><t:Mailbox><t:Name>Mallory</t:Name><t:EmailAddress>mallory@example.net</t:EmailAddress></t:Mailbox></t:From><t:InternetMessageId>&lt;original@example.net&gt;</t:InternetMessageId></t:Message>`;
  #next = 1;

  answer(asked: Asked): Answer {
    for (const order of this.#late.splice(0)) order();
    const index = this.trouble.findIndex(({ operation }) => operation === asked.operation);
    const [planned] = index < 0 ? [] : this.trouble.splice(index, 1);
    if (!planned) return this.#do(asked);
    if (planned.trouble === "lost before") return "cut";
    if (planned.trouble === "lost after") {
      if (this.lateOrders) this.#late.push(() => this.#do(asked));
      else this.#do(asked);
      return "cut";
    }
    const done = planned.trouble.startsWith("done, then ");
    if (done) this.#do(asked);
    const said = planned.trouble.replace("done, then ", "");
    const status = /^HTTP (\d+)$/.exec(said)?.[1];
    if (status !== undefined) return { status: Number(status) };
    if (said === "another wrapper") return reply("Send", success("Send"));
    return reply(asked.operation, failure(asked.operation, said));
  }

  drafts(): Kept[] {
    return this.kept.filter(({ folder }) => folder === "drafts");
  }

  #do(asked: Asked): Answer {
    const { operation, xml } = asked;
    const [id = ""] = idsOf(asked);
    const changeKey = /<[tm]:(?:Parent)?ItemId Id="[^"]*" ChangeKey="([^"]*)"/.exec(xml)?.[1];
    const parent = /<m:ParentItemId Id="([^"]*)"/.exec(xml)?.[1];
    const item = this.kept.find((one) => one.id === (parent ?? id));
    if (operation === "FindFolder") return folderTree([]);
    if (operation === "CreateItem") {
      const made: Kept = {
        id: `draft${this.#next++}`,
        changeKey: 1,
        folder: "drafts",
        xml,
        mark: markOf(xml),
        attachments: [],
        submitted: false,
      };
      this.kept.push(made);
      return reply(
        operation,
        success(operation, `<m:Items><t:Message><t:ItemId Id="${made.id}" ChangeKey="${made.changeKey}"/></t:Message></m:Items>`),
      );
    }
    if (operation === "FindItem") return this.#find(asked);
    if (operation === "GetItem" && id === "original") return reply(operation, success(operation, `<m:Items>${this.original}</m:Items>`));
    if (!item) return reply(operation, failure(operation, "ErrorItemNotFound"));
    if (operation === "GetItem") return reply(operation, success(operation, `<m:Items>${sentXml(item)}</m:Items>`));
    if (operation === "DeleteItem") {
      this.kept.splice(this.kept.indexOf(item), 1);
      return reply(operation, success(operation));
    }
    const guarded = operation === "SendItem" || xml.includes('ConflictResolution="NeverOverwrite"');
    if (guarded && !this.takesAnyKey && changeKey !== String(item.changeKey))
      return reply(operation, failure(operation, "ErrorStaleObject"));
    item.changeKey += 1;
    if (operation === "CreateAttachment") {
      item.attachments.push(/<t:Content>([^<]*)<\/t:Content>|<t:Content\/>/.exec(xml)?.[1] ?? "");
      const key = `RootItemId="${item.id}" RootItemChangeKey="${item.changeKey}"`;
      const made = `<m:Attachments><t:FileAttachment><t:AttachmentId Id="${item.id}-a" ${key}/></t:FileAttachment></m:Attachments>`;
      return reply(operation, success(operation, made));
    }
    if (operation === "UpdateItem") {
      item.mark = markOf(xml) ?? item.mark;
      item.xml += xml;
      return reply(
        operation,
        success(operation, `<m:Items><t:Message><t:ItemId Id="${item.id}" ChangeKey="${item.changeKey}"/></t:Message></m:Items>`),
      );
    }
    if (operation !== "SendItem") throw new Error(`${operation} was not expected`);
    this.sent.push({ ...item });
    if (!this.keepsDrafts) this.kept.splice(this.kept.indexOf(item), 1);
    if (xml.includes('SaveItemToFolder="true"')) this.kept.push({ ...item, id: `sent${this.#next++}`, folder: "sentitems" });
    return reply(operation, success(operation));
  }

  #find(asked: Asked): Answer {
    const mark = /Constant Value="([^"]*)"/.exec(asked.xml)?.[1];
    const pages = foldersOf(asked).map((folder) => {
      const late = folder === "sentitems" && this.slowness-- > 0;
      const found = late ? [] : this.kept.filter((one) => one.folder === folder && one.mark === mark);
      const items = found.map(
        ({ id, changeKey, submitted }) =>
          `<t:Message><t:ItemId Id="${id}" ChangeKey="${changeKey}"/><t:IsSubmitted>${submitted}</t:IsSubmitted></t:Message>`,
      );
      return page(items, { last: true });
    });
    return reply("FindItem", ...pages);
  }
}

function markOf(xml: string): string | undefined {
  return /PropertyName="mailcordon-send-id"[^>]*\/><t:Value>([^<]*)<\/t:Value>/.exec(xml)?.[1];
}

function sentXml({ id, changeKey }: Kept): string {
  return `<t:Message><t:ItemId Id="${id}" ChangeKey="${changeKey}"/><t:Subject>as sent</t:Subject><t:DateTimeSent>2026-01-01T00:00:00Z</t:DateTimeSent><t:ConversationId Id="conversation"/><t:ToRecipients><t:Mailbox><t:EmailAddress>ben@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients><t:InternetMessageId>&lt;${id}@example.com&gt;</t:InternetMessageId></t:Message>`;
}
