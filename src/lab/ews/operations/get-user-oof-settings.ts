import { el, textEl } from "../../xml.ts";
import { wireTime } from "../items/extended-properties.ts";
import { type Operation, response } from "../operation.ts";
import { mailboxAt } from "../sign-in/access.ts";

const replyXml = (name: string, text: string): string => el(name, { "xml:lang": "en-US" }, textEl("t:Message", text));

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getuseroofsettings-operation */
export const getUserOofSettings: Operation = {
  name: "GetUserOofSettings",
  handle(context) {
    const read = (): string => {
      const { oof } = mailboxAt(context.request.textAt("Mailbox", "Address"), context);
      return (
        el(
          "t:OofSettings",
          {},
          textEl("t:OofState", oof.state),
          textEl("t:ExternalAudience", oof.externalAudience),
          el("t:Duration", {}, textEl("t:StartTime", wireTime(oof.start)), textEl("t:EndTime", wireTime(oof.end))),
          replyXml("t:InternalReply", oof.internalReply),
          replyXml("t:ExternalReply", oof.externalReply),
        ) + textEl("m:AllowExternalOof", "All")
      );
    };
    return response("GetUserOofSettings", read, context, { nested: true });
  },
};
