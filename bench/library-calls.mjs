// Calls actions of the library, a line of JSON for each task, and prints a line with the cost of one call, to measure what `serve` adds. One process
// makes all calls, as the server does, so neither has compiled more than the other.
import { createInterface } from "node:readline";
import { catalogue, loadSettings, open, perform } from "../dist/index.js";

const host = await open(await loadSettings());

async function run({ action: name, input, calls, clients }) {
  const action = catalogue.find((one) => one.name === name);
  let left = calls;
  const client = async () => {
    while (left-- > 0) {
      const answer = await perform(action, input, host);
      // A face writes its answer, so this program does as well.
      if (!answer.success || JSON.stringify(answer) === "") throw new Error(answer.message);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

for await (const line of createInterface({ input: process.stdin })) {
  const work = JSON.parse(line);
  const before = process.cpuUsage();
  await run(work);
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1000 / work.calls })}\n`);
}
await host.exchange.close();
