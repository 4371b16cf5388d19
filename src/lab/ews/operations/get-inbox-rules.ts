import { el } from "../../xml.ts";
import { type Operation, response } from "../operation.ts";
import { ruleXml } from "../rule-xml.ts";
import { mailboxAt } from "../sign-in/access.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getinboxrules-operation */
export const getInboxRules: Operation = {
  name: "GetInboxRules",
  handle: (context) =>
    response(
      "GetInboxRules",
      () => {
        const { rules } = mailboxAt(context.request.textAt("MailboxSmtpAddress"), context);
        const written = rules.all().map((rule) => ruleXml(rule, context.store));
        // Outlook's own copy of the rules, which the lab has in no mailbox.
        return `<m:OutlookRuleBlobExists>false</m:OutlookRuleBlobExists>${el("m:InboxRules", {}, ...written)}`;
      },
      context,
    ),
};
