import { existsSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../failure.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings file of a call, and whether mailcordon found it where it looks by itself: nobody named it. */
export interface SettingsPath {
  readonly path: string;
  readonly isFound: boolean;
}

/**
 * The settings file: the one that is named, otherwise the first that is there. Undefined where there is none.
 * @param flag the value of `--config`
 * @throws Failure `invalid-settings` when the named one is missing, or the found one lies in a folder that holds evidence
 */
export function findSettings(flag: string | undefined, environment: Environment, directory: string): SettingsPath | undefined {
  const named = flag ?? (environment.MAILCORDON_CONFIG || undefined);
  if (named !== undefined) {
    const path = resolve(directory, named);
    if (existsSync(path)) return { path, isFound: false };
    throw new Failure("invalid-settings", `${flag === undefined ? "MAILCORDON_CONFIG" : "--config"}: there is no file ${path}.`);
  }
  const path = settingsPlaces(environment, directory).find((place) => existsSync(place));
  if (path === undefined) return undefined;
  // Where it lies, also when a link leads there: one that somebody put into a folder that all can write.
  if ([path, realpathSync(path)].some((one) => holdsEvidence(dirname(one)))) {
    throw new Failure("invalid-settings", `${path} is in a folder that contains evidence, so a message may have written it.`, {
      hint: `Change to another folder, or name the file with --config ${path}`,
    });
  }
  return { path, isFound: true };
}

/** Where mailcordon looks for a settings file, in this order. */
export function settingsPlaces(environment: Environment, directory: string): readonly string[] {
  return [join(directory, "mailcordon.yaml"), join(xdg(environment, "XDG_CONFIG_HOME", ".config"), "mailcordon.yaml")];
}

/** Where evidence goes when no setting says otherwise: the same place from whatever folder mailcordon is started. */
export function defaultEvidenceDir(environment: Environment): string {
  return join(xdg(environment, "XDG_DATA_HOME", ".local/share"), "evidence");
}

/** Where audit entries go when no setting says otherwise. */
export function defaultAuditFile(environment: Environment): string {
  return join(xdg(environment, "XDG_STATE_HOME", ".local/state"), "audit.jsonl");
}

/** Where the ends of audit logs are kept, whatever the settings say of the logs. */
export function defaultHeadFolder(environment: Environment): string {
  return join(xdg(environment, "XDG_STATE_HOME", ".local/state"), "audit-heads");
}

/** Where root keeps the state if nobody else may enter its home folder. */
const stateDirOfRoot = "/var/lib/mailcordon-state";

/**
 * Where mailcordon keeps API keys, jobs and sweeps when no setting says otherwise. As root, PostgreSQL runs as another user, who must be able to enter
 * the folders above; /root is usually closed.
 * @param uid of this process; undefined on Windows
 */
export function defaultStateDir(environment: Environment, uid = process.getuid?.()): string {
  // Not in the folder of audit log and heads, which only its owner may enter.
  const own = `${xdg(environment, "XDG_STATE_HOME", ".local/state")}-state`;
  const isChosen = environment.XDG_STATE_HOME?.startsWith("/") === true;
  return uid !== 0 || isChosen || existsSync(join(own, "postgres/data/PG_VERSION")) || isOpen(dirname(own)) ? own : stateDirOfRoot;
}

/** Whether other users may enter a folder and those above it. A folder that does not exist yet is made so. */
function isOpen(folder: string): boolean {
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0o001;
  return (mode & 0o001) !== 0 && (dirname(folder) === folder || isOpen(dirname(folder)));
}

/** XDG Base Directory Specification 0.8; a relative path there is invalid and ignored, as the specification says. */
function xdg(environment: Environment, name: string, fallback: string): string {
  const set = environment[name];
  const base = set?.startsWith("/") || (set && process.platform === "win32") ? set : join(environment.HOME || homedir(), fallback);
  return join(base, "mailcordon");
}

/** What names the folder of files that messages named, and the index beside it; see `perform/evidence/hash-and-store.ts`, which the settings do not import. */
function holdsEvidence(folder: string): boolean {
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile(join(folder, "index.jsonl")) || (basename(folder) === "files" && isFile(join(folder, "../index.jsonl")));
}
