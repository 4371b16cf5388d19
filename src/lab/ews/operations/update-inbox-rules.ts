import type { LabMailbox } from "../../store/mailbox.ts";
import { el, textEl, type XmlElement } from "../../xml.ts";
import { ItemError, type Operation, type RequestContext, response } from "../operation.ts";
import { RuleProblem, readRule } from "../rule-xml.ts";
import { checkChange, mailboxAt } from "../sign-in/access.ts";

function ruleNamed(id: string | undefined, mailbox: LabMailbox) {
  const found = id === undefined ? undefined : mailbox.rules.find(id.trim());
  if (found === undefined) throw new RuleProblem("RuleId", "RuleNotFound", "The rule was not found.", id);
  return found;
}

/** Reads one operation and returns its work. Throws RuleProblem. */
function read(operation: XmlElement, mailbox: LabMailbox, context: RequestContext): () => void {
  if (operation.name === "DeleteRuleOperation") {
    const rule = ruleNamed(operation.textAt("RuleId"), mailbox);
    return () => mailbox.rules.remove(rule);
  }
  const given = operation.child("Rule");
  if (given === undefined) throw new ItemError("ErrorInvalidRequest", "The operation has no rule.");
  const id = given.textAt("RuleId");
  if (operation.name === "SetRuleOperation") {
    const rule = ruleNamed(id, mailbox);
    const content = readRule(given, context);
    return () => mailbox.rules.replace(rule, content);
  }
  if (id !== undefined) throw new RuleProblem("RuleId", "CreateWithRuleId", "A new rule has no id.", id);
  const content = readRule(given, context);
  return () => mailbox.rules.add(content);
}

const problemXml = ({ field, code, message, value }: RuleProblem, index: number): string =>
  el(
    "t:RuleOperationError",
    {},
    textEl("t:OperationIndex", index),
    el(
      "t:ValidationErrors",
      {},
      el(
        "t:Error",
        {},
        textEl("t:FieldURI", field),
        textEl("t:ErrorCode", code),
        textEl("t:ErrorMessage", message),
        textEl("t:FieldValue", value),
      ),
    ),
  );

/** Reads all operations before the first takes effect. */
function prepare(context: RequestContext): { readonly works: readonly (() => void)[]; readonly problems: readonly string[] } {
  const mailbox = mailboxAt(context.request.textAt("MailboxSmtpAddress"), context);
  checkChange(mailbox, context);
  const works: (() => void)[] = [];
  const problems: string[] = [];
  for (const [index, operation] of (context.request.child("Operations")?.children ?? []).entries()) {
    try {
      works.push(read(operation, mailbox, context));
    } catch (error) {
      if (!(error instanceof RuleProblem)) throw error;
      problems.push(problemXml(error, index));
    }
  }
  return { works, problems };
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/updateinboxrules-operation */
export const updateInboxRules: Operation = {
  name: "UpdateInboxRules",
  handle(context) {
    let empty = "";
    return response(
      "UpdateInboxRules",
      () => {
        const { works, problems } = prepare(context);
        if (problems.length > 0) {
          empty = el("m:RuleOperationErrors", {}, ...problems);
          throw new ItemError("ErrorInboxRulesValidationError", "An error has occurred while validating the inbox rules.");
        }
        for (const work of works) work();
        return "";
      },
      context,
      {
        get empty() {
          return empty;
        },
      },
    );
  },
};
