/** One MiB of a body in garbage is little beside what a program needs to start, and a collection of young objects costs below a millisecond. */
const everyBytes = 1024 * 1024;

/** Less than that is a short reply: nothing is worth doing for it. */
const largeBytes = 64 * 1024;

/**
 * V8's own settings are for programs that run for long; a process that makes one call ends before what they cost has come back. Its young
 * generation grows as soon as much of a reply stays alive: 8 MiB after a thousand messages, to collect less often. And what those messages run
 * through is compiled for speed, in some 8 MiB and a tenth of the CPU time: only what runs eight times as long as by default (66 KiB of
 * bytecode) is worth that here. Ten thousand messages take a tenth longer so.
 */
const oneCallFlags = ["--semi-space-growth-factor=1", `--interrupt-budget=${8 * 66 * 1024}`];

let oneCall = false;

/** Says that this process makes one call and ends. To be said by its program only: the settings of V8 are those of the whole process. */
export function expectOneCall(): void {
  // Other versions have other settings, and print a line for each that they do not know.
  oneCall = process.version.startsWith("v20.");
}

/** Once there is a large body, and not sooner: Node takes up the compiled code of its own modules only while no setting is changed. */
function applyOneCallFlags(): void {
  oneCall = false;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const flag of oneCallFlags) setFlagsFromString(flag);
}

/**
 * Counts what has been read and dropped, and collects it in time. The bytes of a reply lie outside of V8's heap, which does not see them grow:
 * by itself it collects them only after some 60 MB.
 */
export function openCollector(): (bytes: number) => void {
  let count = 0;
  return (bytes) => {
    count += bytes;
    if (oneCall && count >= largeBytes) applyOneCallFlags();
    if (count < everyBytes) return;
    count = 0;
    collect ??= exposeCollector();
    collect({ type: "minor" });
  };
}

type Collect = (options: { readonly type: "minor" }) => void;
let collect: Collect | undefined;

/** V8 gives it out only to a context that is made while it is exposed. @see https://nodejs.org/docs/latest-v20.x/api/v8.html#v8setflagsfromstringflags */
function exposeCollector(): Collect {
  // Loaded when a large body comes: most calls have none.
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const { runInNewContext } = process.getBuiltinModule("node:vm");
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("typeof gc === 'function' ? gc : undefined");
  setFlagsFromString("--no-expose-gc");
  return isCollect(found) ? found : () => undefined;
}

function isCollect(value: unknown): value is Collect {
  return typeof value === "function";
}
