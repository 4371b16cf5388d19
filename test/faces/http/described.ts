import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "vitest";
import * as z from "zod";

const Media = z.record(z.string(), z.looseObject({ schema: z.looseObject({}) }));
const Reply = z.looseObject({ $ref: z.string().optional(), content: Media.optional() });
const Operation = z.looseObject({ responses: z.record(z.string(), Reply) });
const Description = z.looseObject({
  paths: z.record(z.string(), z.looseObject({ get: Operation, post: Operation, delete: Operation }).partial()),
  components: z.looseObject({ responses: z.record(z.string(), Reply), schemas: z.record(z.string(), z.looseObject({})) }),
});

/** What was answered. */
interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** An OpenAPI document that replies are held to. */
export interface HeldDescription {
  readonly paths: z.output<typeof Description>["paths"];
  /** Every reply that is described: `get /v1/actions 200`. */
  readonly all: readonly string[];
  /** Those that were answered so far. */
  readonly seen: ReadonlySet<string>;
  /** Holds a reply to what the description says of that path, method and status. */
  hold(method: string, path: string, reply: Answered): void;
  problemsOf(schema: object, value: unknown): readonly unknown[];
  /** Members of a document that its schema does not name: nobody could know of them. */
  undescribed(schema: object, value: Readonly<Record<string, unknown>>): readonly string[];
}

export function openDescription(document: unknown): HeldDescription {
  const { paths, components } = Description.parse(document);
  const seen = new Set<string>();
  /** The operation that a path is one of: a path of its own goes before one with a name in braces. */
  const described = (path: string, method: string) => {
    const plain = path.split("?")[0] ?? "";
    const templates = Object.keys(paths).filter((template) => new RegExp(`^${template.replace(/\{[^}]*\}/g, "[^/]+")}$`).test(plain));
    // An action that is not there is one that cannot be described.
    for (const template of templates.sort((a, b) => Number(a.includes("{")) - Number(b.includes("{")))) {
      const operation = Operation.safeParse(paths[template]?.[method === "get" || method === "post" ? method : "delete"]);
      if (operation.success) return { template, responses: operation.data.responses };
    }
    throw new Error(`${method} ${path} is not described`);
  };
  const problemsOf = (schema: object, value: unknown): readonly unknown[] => {
    const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { binary: true } });
    const validate = ajv.compile({ components, ...schema });
    return validate(value) ? [] : (validate.errors ?? []);
  };
  const undescribed = (schema: object, value: Readonly<Record<string, unknown>>): readonly string[] => {
    const { $ref } = z.looseObject({ $ref: z.string().optional() }).parse(schema);
    const whole = $ref === undefined ? schema : (components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
    const { properties } = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).parse(whole);
    return properties === undefined ? [] : Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
  };
  return {
    ...{ paths, seen, problemsOf, undescribed },
    all: Object.entries(paths).flatMap(([path, operations]) =>
      (["get", "post", "delete"] as const).flatMap((method) =>
        Object.keys(operations[method]?.responses ?? {}).map((status) => `${method} ${path} ${status}`),
      ),
    ),
    hold(method, path, reply) {
      const { template, responses } = described(path, method.toLowerCase());
      const status = [String(reply.status), `${Math.floor(reply.status / 100)}XX`].find((name) => responses[name] !== undefined);
      expect(status, `${method} ${template} answered ${reply.status}, which is not described`).toBeDefined();
      // Harmless to show: what turns the direction of text stands there by its number.
      expect(reply.text).not.toContain("\u202e");
      seen.add(`${method.toLowerCase()} ${template} ${status}`);
      const said = responses[status ?? ""] ?? {};
      const { content = {} } = said.$ref === undefined ? said : (components.responses[said.$ref.split("/").at(-1) ?? ""] ?? {});
      if (reply.status === 204) {
        expect([content, reply.text]).toEqual([{}, ""]);
        return;
      }
      const [type = ""] = (reply.headers.get("content-type") ?? "").split(";");
      expect(Object.keys(content), `${method} ${template}`).toContain(type);
      const schema = content[type]?.schema ?? {};
      expect([path, reply.status, problemsOf(schema, /json/.test(type) ? reply.json : reply.text)]).toEqual([path, reply.status, []]);
      if (/json/.test(type)) expect([path, reply.status, undescribed(schema, reply.json)]).toEqual([path, reply.status, []]);
    },
  };
}
