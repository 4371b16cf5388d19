// Plays the main job of mailcordon on a practice organisation: `npm run demo`, or with messages of your own: `npm run demo -- --import DIR`.
// The same over Microsoft Graph: `npm run demo -- --backend graph`.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { catalogue } from "../src/actions/index.ts";
import { effects } from "../src/catalogue/action-definition.ts";
import type { Answer } from "../src/catalogue/answer-envelope.ts";
import { openEws } from "../src/ews/ews.ts";
import type { Exchange } from "../src/exchange/exchange.ts";
import { openGraph } from "../src/graph/graph.ts";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { labPermissions, labToken } from "../src/lab/practice.ts";
import { reportingAddress, socAddress } from "../src/lab/seed/seed.ts";
import { labPassword } from "../src/lab/store/store.ts";
import { openAudit } from "../src/perform/audit/audit-log.ts";
import { verifyAudit } from "../src/perform/audit/verify-audit.ts";
import { openEvidence } from "../src/perform/evidence/hash-and-store.ts";
import { perform } from "../src/perform/perform.ts";
import { type Act, tellStory } from "./demo-story.ts";
import { openSweepStage } from "./demo-sweep.ts";
import { Timeline } from "./demo-timeline.ts";

const { values } = parseArgs({
  options: { import: { type: "string" }, out: { type: "string", default: "demo-evidence" }, backend: { type: "string", default: "ews" } },
});
/** The options of each back end, and how to open it on the lab. */
const backends = {
  ews: {
    ...{ spoken: "SOAP", url: (lab: Lab) => lab.ewsUrl, open: overEws },
    environment: ({ ewsUrl }: Lab) => ({
      ...{ MAILCORDON_EWS_URL: ewsUrl, MAILCORDON_AUTH: "basic", MAILCORDON_USERNAME: socAddress, MAILCORDON_PASSWORD: labPassword },
    }),
  },
  graph: {
    ...{ spoken: "JSON", url: (lab: Lab) => lab.graphUrl, open: overGraph },
    environment: ({ graphUrl }: Lab) => ({ MAILCORDON_BACKEND: "graph", MAILCORDON_GRAPH_URL: graphUrl, MAILCORDON_TOKEN: labToken }),
  },
};
const { backend } = values;
if (backend !== "ews" && backend !== "graph") {
  process.stderr.write("--backend: put ews or graph.\n");
  process.exit(2);
}
// Longer lines are hard to read, and a file has no width of its own.
const timeline = new Timeline((line) => process.stdout.write(`${line}\n`), Math.min(process.stdout.columns || 100, 110));
const folder = join(
  values.out,
  new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-"),
);

const lab = await startLab({ importDir: values.import, graph: { tokens: { [labToken]: labPermissions } } });
const { spoken, url, open, environment } = backends[backend];
timeline.step(`Start an Exchange to practise on; what follows is real HTTP and real ${spoken}`);
timeline.say(`It is not Exchange, but it has its habits. It listens on ${url(lab)}`);
const exchange = open(lab);
const auditFile = join(folder, "audit.jsonl");
const host = {
  exchange,
  evidence: openEvidence(folder),
  audit: openAudit(auditFile),
  connection: "lab",
  confirm: () => Promise.resolve(true),
};

const act: Act = async (name, input, silent) => {
  const action = catalogue.find((each) => each.name === name);
  if (action === undefined) throw new Error(`there is no action ${name}`);
  if (!silent) timeline.command(name, input, effects[action.effect].asksFirst);
  const answer = await perform(action, input, host);
  if (!silent) timeline.answer(answer);
  if (!answer.success && !isLimit(answer)) throw new Error(`${name} failed: ${answer.message}`);
  return answer;
};

const stage = await openSweepStage(timeline, { ...environment(lab), MAILCORDON_MAILBOX: socAddress }, folder);
try {
  await tellStory(act, stage, timeline, { soc: socAddress, reporting: reportingAddress });
  const audit = await verifyAudit(auditFile);
  if (audit.broken !== undefined) throw new Error(`the audit chain is broken at line ${audit.broken.line}`);
  timeline.step("Done");
  timeline.rows([
    ["Evidence", folder],
    ["Audit", `${auditFile}: ${audit.entries} entries in an unbroken chain`],
    ["Try it", "npx mailcordon lab; then, in another terminal, the commands above"],
  ]);
} catch (thrown) {
  process.stderr.write(`The demo failed: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
} finally {
  await exchange.close();
  await stage.close();
  await lab.close();
}

/** Returns whether only unsupported steps failed: the answer reports them, and the story continues without them. */
function isLimit({ results = [] }: Answer): boolean {
  const errors = results.flatMap(({ error }) => error ?? []);
  return errors.length > 0 && errors.length < results.length && errors.every(({ code }) => code === "unsupported");
}

function overEws({ ewsUrl }: Lab): Exchange {
  return openEws({
    url: ewsUrl,
    authorize: () => Promise.resolve({ authorization: `Basic ${Buffer.from(`${socAddress}:${labPassword}`).toString("base64")}` }),
    access: "impersonation",
    defaultMailbox: socAddress,
  });
}

function overGraph({ graphUrl }: Lab): Exchange {
  const authorization = `Bearer ${labToken}`;
  return openGraph({
    url: graphUrl,
    defaultMailbox: socAddress,
    signIn: (http) => ({ ...http, send: (request) => http.send({ ...request, headers: { ...request.headers, authorization } }) }),
  });
}
