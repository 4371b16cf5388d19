/** Says that nothing in the lab is real. */
export const banner = "This is the practice Exchange of mailcordon. It is not Exchange, and nothing in it is real.";

/** Returns the text that tells a user how to reach the lab; its values are those of the JSON document. */
export function greeting(lab: {
  readonly ews_url: string;
  readonly graph_url: string;
  readonly graph_token: string;
  readonly proxy_url?: string;
  readonly device_login_url?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly mailcordon_yaml: string;
}): string {
  const lines = Object.entries(lab.environment).map(([name, value]) => `  export ${name}=${value}`);
  return `${banner}

It listens on ${lab.ews_url} until you press Ctrl-C. In another terminal, either set the environment:

${lines.join("\n")}

or put these lines into mailcordon.yaml, and only the password or secret into the environment:

${lab.mailcordon_yaml.replace(/^(?=.)/gm, "  ")}
Then try: mailcordon search-emails-extended --mailboxes all --sender billing

Microsoft Graph is at ${lab.graph_url} and accepts the token ${lab.graph_token}.
${lab.proxy_url === undefined ? "" : `The proxy is at ${lab.proxy_url}; the mailcordon.yaml above uses it.\n`}${lab.device_login_url === undefined ? "" : `To sign in with a device code (--connection person), enter the code at ${lab.device_login_url}.\n`}`;
}

interface ProxyExample {
  readonly url: string;
  readonly username: string | undefined;
}

interface SettingsExample {
  /** `auth`, on one line. */
  readonly settings: string;
  /** Sign-in settings of a person with a device code. */
  readonly person?: string;
}

interface EndpointSettings {
  /** How EWS is found, within braces. */
  readonly where: string;
  readonly graph: string;
  /** Whether an account can sign in on premises, beside the application. */
  readonly hybrid: boolean;
}

/** Returns a settings file for the lab, with its sign-in. */
export function settingsYaml(
  { where, graph, hybrid: isHybrid }: EndpointSettings,
  user: string,
  { settings, person }: SettingsExample,
  certificate: string | undefined,
  proxy: ProxyExample | undefined,
): string {
  const login =
    proxy?.username === undefined ? "" : `, username: ${JSON.stringify(proxy.username)}, password: "env:MAILCORDON_PROXY_PASSWORD"`;
  const ca = certificate === undefined ? "" : `, ca_file: ${JSON.stringify(certificate)}`;
  const places = { ews: `ews: { ${where}${ca} }`, graph: `graph: { url: "${graph}"${ca} }` };
  const onPremises = `ews: { ${where}${ca}, auth: { basic: { username: "${user}", password: "env:LAB_PASSWORD" } } }`;
  const connection = (auth: string, ...lines: readonly string[]) => `
${lines.map((line) => `    ${line}\n`).join("")}    auth:
      ${auth}
    mailbox: "${user}"
${proxy === undefined ? "" : `    proxy: { url: "${proxy.url}"${login} }\n`}`;
  // A device code signs in a person, and only the application has access to Graph.
  const online = `  online: # --connection online${connection(settings, "backend: graph", places.graph)}`;
  const hybrid = `  hybrid: # --connection hybrid${connection(settings, "backend: auto", places.graph, onPremises)}`;
  return `default: lab
connections:
  lab:${connection(settings, places.ews, ...(person === undefined ? [] : [places.graph]))}${
    person === undefined ? "" : `  person: # --connection person${connection(person, places.ews)}${online}${isHybrid ? hybrid : ""}`
  }`;
}
