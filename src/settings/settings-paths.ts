import { existsSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../failure.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings file of a call, and whether mailcordon found it in its usual places because nobody named one. */
export interface SettingsPath {
  readonly path: string;
  readonly isFound: boolean;
}

/**
 * Returns the settings file: the named one, otherwise the first that exists. Undefined if there is none.
 * @param flag the value of `--config`
 * @throws Failure `invalid-settings` if the named file is missing, or the found one is in a folder of evidence
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
  // Check the location of the file itself as well, because somebody may have put a link into a folder that all users can write.
  if ([path, realpathSync(path)].some((one) => holdsEvidence(dirname(one)))) {
    throw new Failure("invalid-settings", `${path} is in a folder that contains evidence, so a message may have written it.`, {
      hint: `Change to another folder, or name the file with --config ${path}`,
    });
  }
  return { path, isFound: true };
}

/** Returns the paths at which mailcordon searches for a settings file, in this order. */
export function settingsPlaces(environment: Environment, directory: string): readonly string[] {
  return [join(directory, "mailcordon.yaml"), join(xdg(environment, "XDG_CONFIG_HOME", ".config"), "mailcordon.yaml")];
}

/** Returns the folder of evidence if no setting names one: the same folder wherever mailcordon is started. */
export function defaultEvidenceDir(environment: Environment): string {
  return join(xdg(environment, "XDG_DATA_HOME", ".local/share"), "evidence");
}

/** Returns the file of audit entries if no setting names one. */
export function defaultAuditFile(environment: Environment): string {
  return join(xdg(environment, "XDG_STATE_HOME", ".local/state"), "audit.jsonl");
}

/** Returns the folder for the ends of audit logs, wherever the logs are. */
export function defaultHeadFolder(environment: Environment): string {
  return join(xdg(environment, "XDG_STATE_HOME", ".local/state"), "audit-heads");
}

/** The folder of root's state if no other user may enter root's home folder. */
const stateDirOfRoot = "/var/lib/mailcordon-state";

/**
 * Returns the folder of API keys, jobs and sweeps if no setting names one. If root starts PostgreSQL, it runs as another user, who must be able to enter the
 * folders above; /root is usually closed.
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

/** Returns whether a folder contains evidence files or their index; see `perform/evidence/hash-and-store.ts`, which the settings do not import. */
function holdsEvidence(folder: string): boolean {
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile(join(folder, "index.jsonl")) || (basename(folder) === "files" && isFile(join(folder, "../index.jsonl")));
}
