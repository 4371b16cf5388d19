/** One MiB of a body in garbage is little beside what a program needs to start, and a collection of young objects costs below a millisecond. */
const everyBytes = 1024 * 1024;

/**
 * Counts what has been read and dropped, and collects it in time. The bytes of a reply lie outside of V8's heap, which does not see them grow:
 * by itself it collects them only after some 60 MB.
 */
export function openCollector(): (bytes: number) => void {
  let count = 0;
  return (bytes) => {
    count += bytes;
    if (count < everyBytes) return;
    count = 0;
    collect ??= collector();
    collect({ type: "minor" });
  };
}

type Collect = (options: { readonly type: "minor" }) => void;
let collect: Collect | undefined;

/** V8 gives it out only to a context that is made while it is exposed. @see https://nodejs.org/docs/latest-v20.x/api/v8.html#v8setflagsfromstringflags */
function collector(): Collect {
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
