/** One MiB of garbage is little compared with the memory that a program needs to start. A collection of young objects takes less than a millisecond. */
const everyBytes = 1024 * 1024;

/** A shorter reply is not worth a change of V8's settings. */
const largeBytes = 64 * 1024;

/**
 * V8's default settings suit long-running programs; a process that makes one call ends before they pay off. V8 enlarges its young generation as
 * soon as much of a reply stays alive (8 MiB after a thousand messages), to collect less often. It also optimises the code that reads messages,
 * which costs some 8 MiB and a tenth of the CPU time. With these flags V8 optimises only code that runs eight times as long as by default (66 KiB
 * of bytecode). Ten thousand messages take a tenth longer.
 */
const oneCallFlags = ["--semi-space-growth-factor=1", `--interrupt-budget=${8 * 66 * 1024}`];

let oneCall = false;

/** Declares that this process makes one call and ends. Only its program may call this: V8's settings apply to the whole process. */
export function expectOneCall(): void {
  // Other versions of Node have other settings, and print a line for each unknown one.
  oneCall = process.version.startsWith("v20.");
}

/**
 * Sets the flags when the first large body arrives. Earlier would be slower: Node uses the compiled code of its own modules only until a setting
 * changes.
 */
function applyOneCallFlags(): void {
  oneCall = false;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const flag of oneCallFlags) setFlagsFromString(flag);
}

/**
 * Returns a function that counts the bytes read and dropped, and collects garbage in time. The bytes of a reply are outside V8's heap, so V8 does
 * not see them grow: by itself it would collect them only after some 60 MB.
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

/**
 * Returns V8's `gc`, which V8 gives only to a context created while it is exposed.
 * @see https://nodejs.org/docs/latest-v20.x/api/v8.html#v8setflagsfromstringflags
 */
function exposeCollector(): Collect {
  // Loaded late: most calls have no large body.
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
