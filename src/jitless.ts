import * as z from "zod";

// Every schema is used once or twice in a process of the program: compiling it costs more than it saves. Imported before any schema is made.
z.config({ jitless: true });
