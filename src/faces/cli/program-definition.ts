import type { Host } from "../../perform/perform.ts";
import type { Catalogue } from "../catalogue.ts";
import type { Screen } from "./screen.ts";

/** What flags say about how to reach Exchange and where files go. */
export interface ConnectOptions {
  readonly config: string | undefined;
  readonly connection: string | undefined;
  readonly out: string | undefined;
  readonly auditFile: string | undefined;
  /** Told of every request and reply, as a line of text; what a server sent is in it. */
  readonly log?: ((text: string) => void) | undefined;
}

/** What actions work with. */
export interface Opened extends Pick<Host, "exchange" | "evidence" | "audit" | "auditsReads" | "connection" | "tlsVerified" | "readFile"> {
  /** The settings file, where nobody named it. */
  readonly foundFile?: string | undefined;
}

/** Something that the program can do besides its actions. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** It has a bounded end of its own after a signal, and is not given up on before. */
  readonly endsItself?: boolean;
  /** Gives the exit code. */
  run(words: readonly string[], screen: Screen, version: Program["version"]): Promise<number>;
}

/** A program: what the command line is made from. */
export interface Program {
  readonly version: () => string;
  readonly catalogue: Catalogue;
  readonly commands: readonly Command[];
  open(wanted: ConnectOptions): Promise<Opened>;
}
