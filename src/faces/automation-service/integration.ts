import type { IntegrationDefinition } from "./definition.ts";
import { icon } from "./icon.ts";
import { testScript } from "./script.ts";

/** The fields of a resource. Their ids are environment variables of every script, so no field of an action may have one of them. */
export const dataAttributes = {
  api_url: {
    label: "API URL",
    type: "text",
    required: true,
    validator: "url",
    hint: "Where mailcordon serve answers, as the Bridge reaches it, such as https://mailcordon.example.com.",
  },
  api_key: { label: "API Key", type: "password", required: true, hint: "As mailcordon keys add has shown it, once." },
  connection: {
    label: "Connection",
    type: "text",
    required: false,
    hint: "Which connection of mailcordon.yaml. Default: the one that it names as its default.",
  },
  default_mailbox: {
    label: "Default Mailbox",
    type: "text",
    required: false,
    hint: "SMTP address of the mailbox that actions work in when they name none. Default: that of the connection.",
  },
  cloud_soar_api_url: {
    label: "Cloud SOAR API URL",
    type: "text",
    required: false,
    validator: "url",
    hint: "Such as https://api.us2.sumologic.com. With Access ID and Access Key, what is fetched is put into the incident, too.",
  },
  access_id: { label: "Access ID", type: "text", required: false, hint: "Of an access key of Sumo Logic that may write to incidents." },
  access_key: { label: "Access Key", type: "password", required: false },
  timeout: {
    label: "Connection Timeout (s)",
    type: "text",
    required: false,
    validator: "integer",
    // The same default as in the platform's own integrations.
    default: "180",
    hint: "How long one action may take until its reply.",
  },
  // A list, since the value of an unticked checkbox is not documented: here an unset field means that the certificate is checked.
  verify: {
    label: "Verify Server Certificate",
    type: "list",
    required: false,
    default: "true",
    values: { true: "Yes", false: "No: anybody on the way can read and change everything" },
    hint: "Of API URL. For a private CA leave Yes and fill in CA Certificate.",
  },
  ca_certificate: {
    label: "CA Certificate",
    type: "textarea",
    required: false,
    hint: "Certificate of a private CA that the server's certificate comes from, as text (PEM). Default: the public ones.",
  },
} as const satisfies IntegrationDefinition["configuration"]["data_attributes"];

/** Variables that the platform or Python itself uses. */
const platformNames = ["proxy_url", "IncmanParamIncidentId", "cloudSoarTaskDetails", "http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/** Names that no field of an action may have. */
export const reservedIds: ReadonlySet<string> = new Set([...Object.keys(dataAttributes), ...platformNames]);

/** The definition of the integration: its connection fields, and the test of a connection. */
export function integrationDefinition(name: string, version: string): IntegrationDefinition {
  return {
    name,
    version,
    icon: `data:image/png;base64,${icon}`,
    script: { type: "python", test_connection_code: testScript() },
    // The platform's own image for Python 3.
    docker_repo_tag: "python3_generic:latest",
    configuration: {
      testable_connection: true,
      require_proxy_config: true,
      data_attributes: { ...dataAttributes },
      listing_attributes: {
        api_url: { name: dataAttributes.api_url.label },
        connection: { name: dataAttributes.connection.label },
        default_mailbox: { name: dataAttributes.default_mailbox.label },
      },
    },
  };
}
