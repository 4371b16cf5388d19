import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import { detailsOf, leastOf } from "../../src/graph/permissions.ts";
import { action } from "../../src/index.ts";
import { entraSteps } from "../../src/setup/entra-setup.ts";
import { onPremisesSteps } from "../../src/setup/on-premises-setup.ts";
import { type SetupStep, scriptOf } from "../../src/setup/setup-step.ts";

const guide = (name: string) => new Set(readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8").split("\n"));
const online = guide("connect-exchange-online.md");
const premises = guide("connect-on-premises.md");
const linesOf = (steps: readonly SetupStep[]) => steps.flatMap(({ lines }) => lines);

const examples = {
  tenant: "example.onmicrosoft.com",
  cloud: "worldwide",
  clientId: undefined,
  mailboxes: ["ann@example.com", "bob@example.com"],
  certificate: "mailcordon.cer",
  backend: { kind: "ews" },
} as const;
const overGraph = (actions: readonly string[]) =>
  ({
    kind: "graph",
    grants: leastOf(actions.map(action)).map((permission) => ({ permission, role: detailsOf(permission).role })),
  }) as const;

describe("the guide has every command that `mailcordon setup` prints:", () => {
  test.each([
    ["a new application for some mailboxes, with a certificate", entraSteps(examples)],
    [
      "an application that is there, for all mailboxes, with a secret",
      entraSteps({ ...examples, clientId: "11111111-2222-3333-4444-555555555555", mailboxes: [], certificate: undefined }),
    ],
    ["a national cloud", entraSteps({ ...examples, cloud: "us-gcc-high" })],
    ["Microsoft Graph, some mailboxes", entraSteps({ ...examples, backend: overGraph(actionNames) })],
    ["Microsoft Graph, all mailboxes", entraSteps({ ...examples, mailboxes: [], backend: overGraph(actionNames) })],
    [
      "Microsoft Graph, to read mail in some mailboxes",
      entraSteps({ ...examples, backend: overGraph(["get-attachments", "get-contacts"]) }),
    ],
  ])("entra, %s", (_, steps) => {
    expect(linesOf(steps).length).toBeGreaterThan(15);
    expect(linesOf(steps).filter((line) => !online.has(line))).toEqual([]);
  });

  test.each([
    ["impersonation of some mailboxes", onPremisesSteps({ account: "soc@example.com", mailboxes: examples.mailboxes, delegate: false })],
    ["impersonation of all", onPremisesSteps({ account: "soc@example.com", mailboxes: [], delegate: false })],
    ["a delegate", onPremisesSteps({ account: "soc@example.com", mailboxes: examples.mailboxes, delegate: true })],
  ])("onprem, %s", (_, steps) => {
    expect(linesOf(steps).length).toBeGreaterThan(6);
    expect(linesOf(steps).filter((line) => !premises.has(line))).toEqual([]);
  });
});

test("the script has only commands and comments", () => {
  const steps = entraSteps(examples);
  const script = scriptOf("Title", steps).split("\n");
  expect(script.filter((line) => line !== "" && !line.startsWith("#"))).toEqual(linesOf(steps));
});

test("over Graph an administrator is asked only for the permissions of the actions, none of EWS", () => {
  const script = (actions: readonly string[], mailboxes: readonly string[] = []) =>
    scriptOf("Title", entraSteps({ ...examples, mailboxes, backend: overGraph(actions) }));
  const all = script(actionNames);
  expect(all).not.toMatch(/Ews|full_access_as_app|Discovery Management/);
  expect(all.match(/Value -eq '[\w.]+'/g)).toEqual(
    ["Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "Contacts.Read", "User.ReadBasic.All"].map((name) => `Value -eq '${name}'`),
  );
  const one = script(["get-out-of-office"], ["ann@example.com"]);
  expect(one).toContain("-Role 'Application MailboxSettings.Read'");
  expect(one).not.toMatch(/'Application Mail\.|New-MgServicePrincipalAppRoleAssignment/);
});
