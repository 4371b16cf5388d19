import * as z from "zod";

/** The commands that run until they are stopped. */
const longRunningCommands: readonly (string | undefined)[] = ["serve", "mcp"];

// In the process of one action every schema is used once or twice, so compiling it costs more than it saves. In a server, which uses schemas all day,
// not compiling would cost a tenth of a search. Imported before any schema is created, and so before the arguments are read.
z.config({ jitless: !longRunningCommands.includes(process.argv[2]) });
