import * as z from "zod";

/**
 * The two kinds of YAML documents that the Automation Service reads, as far as we write them: a schema of our own.
 * Source: https://www.sumologic.com/help/docs/platform-services/automation-service/integration-framework/about-integration-framework/
 */

/** A name of an environment variable, which is what ids of fields become. */
const Id = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);
/** Shown on one line. */
const OneLine = z.string().regex(/^[^\p{Cc}]+$/u);
const Values = z.record(z.string().min(1), OneLine);

/** Python of the platform's image: text in ASCII, so that the locale of a container does not matter. */
const Code = z.string().regex(/^[\n\x20-\x7e]+\n$/, "not lines of ASCII");

/** `a.b`, `a.[].b`; a name with other characters in double quotes. */
const Path = z.string().regex(/^(?:[A-Za-z_]\w*|"[^"]+"|\[\])(?:\.(?:[A-Za-z_]\w*|"[^"]+"|\[\]))*$/);

const Attribute = z
  .strictObject({
    label: OneLine,
    type: z.enum(["checkbox", "list", "number", "password", "text", "textarea"]),
    required: z.boolean(),
    validator: z.enum(["host", "integer", "ip", "port", "url"]).optional(),
    default: z.string().optional(),
    values: Values.optional(),
    hint: OneLine.optional(),
  })
  .refine(({ type, values }) => (type === "list") === (values !== undefined), "values belong to a list");

export const IntegrationDefinition = z.strictObject({
  name: OneLine,
  version: z.string().regex(/^\d+(\.\d+)*$/),
  icon: z.string().regex(/^data:image\/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+=*$/),
  script: z.strictObject({ type: z.literal("python"), test_connection_code: Code }),
  docker_repo_tag: z.string().regex(/^[\w./-]+:[\w.-]+$/),
  configuration: z.strictObject({
    testable_connection: z.literal(true),
    require_proxy_config: z.boolean(),
    data_attributes: z.record(Id, Attribute),
    listing_attributes: z.record(Id, z.strictObject({ name: OneLine })).optional(),
  }),
});
export type IntegrationDefinition = z.output<typeof IntegrationDefinition>;

export const Field = z
  .strictObject({
    id: Id,
    label: OneLine,
    type: z.enum(["checkbox", "datetime", "list", "multilist", "number", "tag", "text", "textarea", "upload"]),
    required: z.boolean(),
    validator: z.enum(["integer", "sha256"]).optional(),
    default: z.string().optional(),
    values: Values.optional(),
    hint: OneLine.optional(),
    incident_artifacts: z.boolean().optional(),
  })
  .refine(({ type, values }) => (type === "list" || type === "multilist") === (values !== undefined), "values belong to a list")
  .refine((field) => field.default === undefined || field.values === undefined || field.default in field.values, "the default is a value");
export type Field = z.output<typeof Field>;

export const ActionDefinition = z
  .strictObject({
    integration: OneLine,
    name: OneLine,
    type: z.enum(["Containment", "Custom", "Enrichment", "Notification"]),
    script: z.strictObject({ code: Code }),
    fields: z.array(Field),
    output: z.array(z.strictObject({ path: Path, type: z.literal("text") })).min(1),
    table_view: z.array(z.strictObject({ display_name: OneLine, value: Path, type: z.literal("link").optional() })),
    src_doc: Path.optional(),
  })
  .refine(({ output, table_view }) => table_view.every(({ value }) => output.some(({ path }) => path === value)), "a column is no output")
  .refine(({ fields }) => new Set(fields.map(({ id }) => id)).size === fields.length, "two fields have one id");
export type ActionDefinition = z.output<typeof ActionDefinition>;
