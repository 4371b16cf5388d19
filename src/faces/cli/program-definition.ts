import type { Host } from "../../perform/perform.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Screen } from "./screen.ts";

/** Values of the flags for the connection and for files. */
export interface ConnectOptions {
  readonly config: string | undefined;
  readonly connection: string | undefined;
  readonly out: string | undefined;
  readonly auditFile: string | undefined;
  /** Called with a line of text for every request and reply, which contains text from the server. */
  readonly log?: ((text: string) => void) | undefined;
}

/** Everything that actions need. */
export interface Opened extends Pick<Host, "exchange" | "evidence" | "audit" | "auditsReads" | "connection" | "tlsVerified" | "readFile"> {
  /** The settings file, if mailcordon found it by itself. */
  readonly foundFile?: string | undefined;
  /** The file of the audit log. */
  readonly auditFile?: string | undefined;
}

/** A command of the program other than an action. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The command limits its own time after a signal, so the command line does not give up on it. */
  readonly endsItself?: boolean;
  /** Returns the exit code. */
  run(words: readonly string[], screen: Screen, version: Program["version"]): Promise<number>;
}

/** What completion and the man page describe. */
export type DescribedProgram = Pick<Program, "version" | "catalogue" | "commands" | "aliases">;

/** The program that the command line is built from. */
export interface Program {
  readonly version: () => string;
  readonly catalogue: Catalogue;
  readonly commands: readonly Command[];
  /** Short names of actions in the settings. Only asked for a word that is neither an action nor a command. */
  readonly aliases?: () => Promise<Readonly<Record<string, string>>>;
  open(wanted: ConnectOptions): Promise<Opened>;
}
