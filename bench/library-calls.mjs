// Calls actions of the library as it is told, a line of JSON for each work, and answers with a line that says what one call cost: what `serve`
// adds is measured beside it. One process for all of it, as the server is, so that neither has compiled more than the other.
import { createInterface } from "node:readline";
import { catalogue, loadSettings, open, perform } from "../dist/index.js";

const host = await open(await loadSettings());

async function run({ action: name, input, calls, clients }) {
  const action = catalogue.find((one) => one.name === name);
  let left = calls;
  const client = async () => {
    while (left-- > 0) {
      const answer = await perform(action, input, host);
      // A face writes its answer: so does whoever calls the library for a face of their own.
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
