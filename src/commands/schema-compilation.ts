import * as z from "zod";

/** The commands that go on for as long as nobody stops them. */
const longRunningCommands: readonly (string | undefined)[] = ["serve", "mcp"];

// Every schema is used once or twice in a process of an action: compiling it costs more than it saves. Of a server, which reads and writes all day,
// it is a tenth of a search not to. Imported before any schema is made, and so before the words are read.
z.config({ jitless: !longRunningCommands.includes(process.argv[2]) });
