import { calendar } from "./contract-calendar.ts";
import { finding } from "./contract-finding.ts";
import { reading } from "./contract-reading.ts";
import { restoring } from "./contract-restore.ts";
import { onStage, type Practice, type Unsupported } from "./contract-stage.ts";
import { writing } from "./contract-writing.ts";

/** The promises of the port, written once, run over any back end. */
export function contract(name: string, open: () => Promise<Practice>, unsupported: Unsupported = {}): void {
  onStage(name, open, unsupported, [reading, writing, finding, restoring, calendar]);
}
