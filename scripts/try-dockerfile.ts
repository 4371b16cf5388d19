// `npm run try-dockerfile`: builds the Dockerfile without a container engine. Each stage is a layer over this machine, which replaces the base image
// (Debian with Node and npm). The result then runs with its user and command, may write only to the volume and /tmp, and is alone with a lab in a
// network of its own. Needs root on Linux; elsewhere it says so and exits with 0.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Instruction, isIgnored, type Stage, stagesOf, wordsOf } from "./dockerfile.ts";

const repository = resolve(".");
const place = mkdtempSync("/var/tmp/mailcordon-container-");
const context = join(place, "context");
const stages = stagesOf(readFileSync(join(repository, "Dockerfile"), "utf8"));
const settings = `connections:
  lab:
    ews: { url: "http://127.0.0.1:8080/EWS/Exchange.asmx" }
    auth: { basic: { username: "soc@example.com", password: "env:MAILCORDON_PASSWORD" } }
    mailbox: "soc@example.com"
evidence_dir: /var/lib/mailcordon/evidence
serve: { behind_proxy: true, state_dir: /var/lib/mailcordon/state }
`;

const say = (line: string) => console.log(line);
const check = (holds: boolean, what: string) => {
  if (!holds) throw new Error(`It does not hold that ${what}.`);
  say(`  ${what}`);
};

/** The folder with the files that a stage wrote. */
const layerOf = (stage: Stage) => join(place, `layer-${stages.indexOf(stage)}`);
const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Returns shell commands for a mount namespace of its own with the root of a container at `root`. */
function mounting(root: string, layers: string, more: readonly string[] = []): string {
  const bound = ["proc", "dev", "sys"].map((name) => `mount --rbind /${name} ${root}/${name}`);
  return ["set -e", `mount -t overlay overlay -o ${layers} ${root}`, ...bound, ...more].join("\n");
}

function runIn(stage: Stage, command: string, cwd: string, environment: NodeJS.ProcessEnv): void {
  const layer = layerOf(stage);
  const root = join(place, "root");
  const layers = `lowerdir=/,upperdir=${layer},workdir=${layer}-work`;
  const network = `mount --bind /etc/resolv.conf ${root}/etc/resolv.conf`;
  const script = `${mounting(root, layers, [network])}\nexec chroot ${root} sh -c ${quoted(`cd ${cwd} && ${command}`)}`;
  execFileSync("unshare", ["--mount", "sh", "-c", script], { env: environment, stdio: ["ignore", "ignore", "inherit"] });
}

/** `COPY [--from=STAGE] SOURCE… DESTINATION`. */
function copy(stage: Stage, { rest }: Instruction, cwd: string): void {
  const words = rest.split(/\s+/);
  const from = words[0]?.startsWith("--from=") ? words.shift()?.slice("--from=".length) : undefined;
  const destination = resolve(cwd, words.pop() ?? "");
  const several = rest.endsWith("/");
  const other = stages.find(({ name }) => name !== undefined && name === from);
  const source = other === undefined ? context : layerOf(other);
  for (const word of words) {
    const name = word.split("/").at(-1) ?? "";
    const path = join(source, word);
    const target = several ? join(layerOf(stage), destination, name) : join(layerOf(stage), destination);
    cpSync(path, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
}

interface Image {
  readonly layer: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly cwd: string;
  readonly volumes: readonly string[];
  readonly start: readonly string[];
  readonly health: readonly string[];
}

function make(stage: Stage): Image {
  const environment: Record<string, string> = {};
  const layer = layerOf(stage);
  mkdirSync(layer);
  mkdirSync(`${layer}-work`);
  let [user, cwd] = ["0:0", "/"];
  const volumes: string[] = [];
  const words = new Map<string, readonly string[]>();
  for (const instruction of stage.instructions) {
    const { word, rest } = instruction;
    say(`${word} ${rest.slice(0, 120)}`);
    if (word === "WORKDIR") {
      cwd = resolve(cwd, rest);
      mkdirSync(join(layer, cwd), { recursive: true });
    } else if (word === "ENV") {
      for (const [, name = "", value = ""] of rest.matchAll(/(\w+)=(\S+)/g)) environment[name] = value;
    } else if (word === "COPY") copy(stage, instruction, cwd);
    else if (word === "RUN") runIn(stage, rest, cwd, { ...process.env, ...environment });
    else if (word === "USER") user = rest;
    else if (word === "VOLUME") volumes.push(rest);
    else if (["ENTRYPOINT", "CMD", "HEALTHCHECK"].includes(word)) words.set(word, wordsOf(instruction));
    else if (!["EXPOSE", "STOPSIGNAL"].includes(word)) throw new Error(`${word} is not known here.`);
  }
  const start = [...(words.get("ENTRYPOINT") ?? []), ...(words.get("CMD") ?? [])];
  return { layer, environment, user, cwd, volumes, start, health: words.get("HEALTHCHECK") ?? [] };
}

/** Starts a process as a container does: as its user and without privileges of root. */
function asUser({ user, environment, cwd }: Image, words: readonly string[]): string {
  const [uid, gid] = user.split(":");
  const less = `setpriv --reuid ${uid} --regid ${gid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all`;
  const said = Object.entries({ PATH: "/usr/local/bin:/usr/bin:/bin", MAILCORDON_PASSWORD: "lab-password", ...environment });
  return `${less} env -i ${said.map(([name, value]) => quoted(`${name}=${value}`)).join(" ")} sh -c ${quoted(`cd ${cwd} && exec ${words.map(quoted).join(" ")}`)}`;
}

async function tryOut(image: Image): Promise<void> {
  const root = join(place, "root");
  const [volume = ""] = image.volumes;
  // An engine creates its mount points.
  mkdirSync(join(image.layer, "etc/mailcordon"), { recursive: true });
  mkdirSync(join(place, "settings"));
  writeFileSync(join(place, "settings/mailcordon.yaml"), settings);
  // Like an engine: a new volume begins with the files of the image at its path, with their owner.
  cpSync(join(image.layer, volume), join(place, "volume"), { recursive: true });
  execFileSync("chown", ["--reference", join(image.layer, volume), join(place, "volume")]);
  execFileSync("chmod", ["--reference", join(image.layer, volume), join(place, "volume")]);
  // The base image has a user of that number; this machine may not.
  writeFileSync(join(place, "passwd"), "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n");
  const mounts = [
    `mount --bind ${place}/volume ${root}${volume}`,
    `mount --bind ${place}/settings ${root}/etc/mailcordon`,
    `mount --bind ${place}/passwd ${root}/etc/passwd`,
    `mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp`,
    `mount -t tmpfs -o mode=1777 tmpfs ${root}/dev/shm`,
    `mount -t proc proc ${root}/proc`,
    `mount -o remount,ro,bind ${root}`,
    "ip link set lo up",
  ];
  const layers = `lowerdir=/,upperdir=${image.layer},workdir=${image.layer}-work`;
  const script = `${mounting(root, layers, mounts)}\nexec chroot ${root} ${asUser(image, image.start)}`;
  const container = spawn("unshare", ["--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [container.stdout, container.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<number | null>((end) => container.on("close", end));
  let first = "";
  try {
    await pause(500);
    first = readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, "utf8").trim();
    const entering = ["--target", first, "--mount", "--net", "--pid", "--root", "--wd", "sh", "-c"];
    const inside = (...words: readonly string[]) =>
      spawnSync("nsenter", [...entering, asUser(image, words)], { cwd: "/", encoding: "utf8" });
    const lab = spawn("nsenter", [...entering, asUser(image, ["mailcordon", "lab", "--port", "8080"])], {
      cwd: "/",
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((heard) => lab.stdout.once("data", heard));
    const deadline = Date.now() + 60_000;
    while (inside(...image.health).status !== 0) {
      if (Date.now() > deadline || container.exitCode !== null) throw new Error(`It does not become healthy. ${said}`);
      await pause(250);
    }
    // No output arrives while a command runs inside: the server's output may still be on its way.
    while (!said.includes("http://0.0.0.0:8025") && Date.now() < deadline) await pause(50);
    check(said.includes("http://0.0.0.0:8025"), "the server says that it listens, and its health check ends with 0");
    check(inside("id", "-u").stdout.trim() === image.user.split(":")[0] && image.user.split(":")[0] !== "0", "its user is not root");
    const written = inside("touch", "/app/x", "/etc/x", "/home/x");
    check((written.stderr.match(/Read-only file system/g) ?? []).length === 3, "its root cannot be written");
    const made = JSON.parse(
      inside("mailcordon", "keys", "add", "--name", "try", "--role", "read", "--config", "/etc/mailcordon/mailcordon.yaml").stdout,
    );
    check(typeof made.key === "string", "a command beside it makes a key");
    const call = (action: string, input: object) =>
      inside(
        "node",
        "-e",
        `fetch("http://127.0.0.1:8025/v1/actions/${action}", { method: "POST", headers: { authorization: "Bearer ${made.key}", "content-type": "application/json" }, body: ${quoted(JSON.stringify(input))} }).then((reply) => reply.text()).then(console.log)`,
      ).stdout;
    const away = JSON.parse(call("get-out-of-office", { mailbox: "user04@example.com" }));
    check(away.is_active_now === true, "a call with it is answered");
    const searched = JSON.parse(call("search-emails-extended", { mailbox: "user03@example.com", subject: "invoice 4711" }));
    const ids = searched.items.map(({ item_id }: { item_id: string }) => item_id);
    const kept = JSON.parse(call("download-mail-as-eml", { mailbox: "user03@example.com", item_id: ids }));
    check(kept.success === true && ids.length > 0, "evidence is kept");
    lab.kill();
    process.kill(Number(first), "SIGTERM");
    check((await ended) === 0, "it ends by itself when it is told to");
    const left = readdirSync(join(place, "volume"), { recursive: true, encoding: "utf8" });
    check(
      left.some((name) => name.endsWith(".eml")) && !left.some((name) => name.endsWith("postmaster.pid")),
      "what it keeps is in the volume, and its database is ended",
    );
  } finally {
    // The end of the container's first process ends all its processes.
    if (container.exitCode === null && first !== "") process.kill(Number(first), "SIGKILL");
    container.kill("SIGKILL");
    await ended;
  }
}

function canTry(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const root = join(place, "try");
  for (const name of ["upper", "work", "root"]) mkdirSync(join(root, name), { recursive: true });
  const script = `mount -t overlay overlay -o lowerdir=/,upperdir=${root}/upper,workdir=${root}/work ${root}/root && command -v ip nsenter setpriv`;
  return spawnSync("unshare", ["--mount", "--net", "--pid", "--fork", "sh", "-c", script], { stdio: "ignore" }).status === 0;
}

try {
  if (!canTry()) say("skipped: it takes root on Linux, with unshare, overlayfs and ip");
  else if (existsSync("/app") || existsSync("/build"))
    say("skipped: this machine has a folder /app or /build, which would be taken for that of the image");
  else {
    mkdirSync(join(place, "root"));
    const ignored = readFileSync(join(repository, ".dockerignore"), "utf8");
    for (const name of readdirSync(repository)) {
      if (!isIgnored(ignored, name)) cpSync(join(repository, name), join(context, name), { recursive: true });
    }
    const image = stages.map(make).at(-1);
    if (image === undefined) throw new Error("The Dockerfile has no stage.");
    say(`What it adds to its base: ${execFileSync("du", ["-sm", image.layer], { encoding: "utf8" }).split("\t")[0]} MiB`);
    await tryOut(image);
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
