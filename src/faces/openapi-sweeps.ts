import * as z from "zod";
import { PlanRequest } from "../sweeps/plan-request.ts";
import { SweepAnswerNoun, SweepListNoun, SweepReportNoun, SweepTargetsNoun } from "../sweeps/service/answer-schemas.ts";

type Json = Readonly<Record<string, unknown>>;

/** The parts that all paths of a description share. */
export interface Parts {
  ref(path: string): Json;
  json(description: string, schema: Json): Json;
  idInPath(name: string, description: string): Json;
  readonly problems: Json;
}

const StepInput = z.strictObject({
  plan: z.string().optional().describe("The plan_hash of the sweep. Required to approve it, and to run it before it is approved."),
});

/** The schemas of sweeps, by their names in the description. */
export const sweepSchemas = {
  SweepPlanInput: { schema: PlanRequest, io: "input" },
  SweepStepInput: { schema: StepInput, io: "input" },
  Sweep: { schema: SweepAnswerNoun, io: "output" },
  SweepList: { schema: SweepListNoun, io: "output" },
  SweepTargets: { schema: SweepTargetsNoun, io: "output" },
  SweepReport: { schema: SweepReportNoun, io: "output" },
} as const;

const steps: readonly (readonly [step: string, summary: string, description: string])[] = [
  [
    "approve",
    "Approve a sweep",
    "Approves the plan with this hash. Needs the role approve or contain; above sweep.second_person_above, approve and another person.",
  ],
  ["run", "Run a sweep", "Begins an approved sweep, or approves and begins it by the hash of its plan. Needs the role contain."],
  ["pause", "Pause a sweep", "Begins no further message. Needs the role contain."],
  ["resume", "Resume a sweep", "Goes on with a paused sweep. Needs the role contain."],
  ["cancel", "Cancel a sweep", "Ends a sweep; what is done can be undone. Needs the role contain."],
  ["undo", "Undo a sweep", "Takes back what was done, message by message. Needs the role contain."],
];

/** The paths of sweeps. */
export function sweepPaths({ ref, json, idInPath, problems }: Parts): Json {
  const id = idInPath("sweep", "Name of the sweep, as its plan has it.");
  const sweep = ref("schemas/Sweep");
  const inQuery = (name: string, description: string, schema: Json) => ({ name, in: "query", description, schema });
  const read = (
    operationId: string,
    summary: string,
    responses: Json,
    more: readonly Json[] = [],
    description = "Needs the role read, contain or approve.",
  ) => ({
    parameters: [id, ...more],
    get: { operationId, summary, description, tags: ["sweeps"], responses: { ...responses, ...problems } },
  });
  return {
    "/v1/sweeps": {
      get: {
        operationId: "list_sweeps",
        summary: "List the newest sweeps",
        description: "Needs the role read. A caller that is limited to mailboxes sees sweeps whose mailboxes are all within its own.",
        tags: ["sweeps"],
        responses: { "200": json("The sweeps.", ref("schemas/SweepList")), ...problems },
      },
      post: {
        operationId: "plan_sweep",
        summary: "Plan a sweep",
        description: "Looks for the messages and keeps the plan; changes nothing. Needs the role read. Its targets are at targets_url.",
        tags: ["sweeps"],
        parameters: ["connection", "prefer", "idempotencyKey"].map((name) => ref(`parameters/${name}`)),
        requestBody: { required: true, content: { "application/json": { schema: ref("schemas/SweepPlanInput") } } },
        responses: {
          "201": {
            ...json("The sweep is planned.", sweep),
            headers: { Location: { description: "URL of the sweep.", schema: { type: "string" } } },
          },
          "202": {
            ...json("Planning takes longer: a job was created, whose plan is the sweep.", ref("schemas/Job")),
            headers: { Location: ref("headers/Location") },
          },
          ...problems,
        },
      },
    },
    "/v1/sweeps/{sweep}": read("get_sweep", "Get the state of a sweep", { "200": json("The sweep.", sweep) }),
    "/v1/sweeps/{sweep}/targets": read(
      "list_sweep_targets",
      "List the messages of a sweep",
      { "200": json("A page of them, in the order of the plan.", ref("schemas/SweepTargets")) },
      [
        inQuery("after", "next_after of the page before.", { type: "integer", minimum: 0 }),
        inQuery("limit", "Messages on a page. Default: 100.", { type: "integer", minimum: 1, maximum: 1000 }),
      ],
    ),
    "/v1/sweeps/{sweep}/report": read(
      "report_sweep",
      "Report a sweep",
      {
        "200": {
          description: "The report.",
          content: {
            "application/json": { schema: ref("schemas/SweepReport") },
            "text/csv": { schema: { type: "string" } },
            "text/html": { schema: { type: "string" } },
          },
        },
      },
      [inQuery("format", "Default: json.", { type: "string", enum: ["json", "csv", "html"] })],
    ),
    "/v1/sweeps/{sweep}/archive": read(
      "archive_sweep",
      "Get the evidence archive of a sweep",
      {
        "200": {
          description:
            "One zip file with the kept messages, the plan, the outcomes, the audit entries, the report and a program that checks all of it. A sweep that runs has none.",
          headers: {
            "Repr-Digest": { description: "SHA-256 of the file (RFC 9530).", schema: { type: "string" } },
            "Mailcordon-SHA256": { description: "The same in hexadecimal. Keep it apart from the file.", schema: { type: "string" } },
            "Mailcordon-Manifest-SHA256": { description: "SHA-256 of its manifest.json.", schema: { type: "string" } },
            "Mailcordon-Not-Known": {
              description: "Number of sentences in not_known of its manifest: what the archive lacks.",
              schema: { type: "string" },
            },
          },
          content: { "application/zip": { schema: { type: "string", format: "binary" } } },
        },
      },
      [],
      "Needs the role read. Each request writes the archive anew and adds its SHA-256 to the audit log.",
    ),
    "/v1/sweeps/{sweep}/events": read("watch_sweep", "Follow a sweep", {
      "200": {
        description:
          "Server-sent events: progress, then finished. Each contains the whole sweep, and in progress the counts, the rate and the time left, so a client that reconnects misses nothing.",
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
      "204": { description: "For a client that reconnects with Last-Event-ID after the event finished: there are no more events." },
    }),
    ...Object.fromEntries(
      steps.map(([step, summary, description]) => [
        `/v1/sweeps/{sweep}/${step}`,
        {
          parameters: [id],
          post: {
            operationId: `${step}_sweep`,
            summary,
            description,
            tags: ["sweeps"],
            parameters: [ref("parameters/idempotencyKey")],
            requestBody: { required: false, content: { "application/json": { schema: ref("schemas/SweepStepInput") } } },
            responses: { "200": json("The sweep.", sweep), ...problems },
          },
        },
      ]),
    ),
  };
}
