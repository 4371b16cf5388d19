// Calls an action of the library so many times, so many at once, and writes what it cost: what `serve` adds is measured beside it.
//   node bench/library-calls.mjs get-out-of-office '{}' 1000 8
import { catalogue, loadSettings, open, perform } from "../dist/index.js";

const [name, input, count, clients] = process.argv.slice(2);
const action = catalogue.find((one) => one.name === name);
const host = await open(await loadSettings());
const call = async () => {
  const answer = await perform(action, JSON.parse(input), host);
  // A face writes its answer: so does whoever calls the library for a face of their own.
  if (!answer.success || JSON.stringify(answer) === "") throw new Error(answer.message);
};
let left = 0;
const run = (calls) => {
  left = calls;
  return Promise.all(
    Array.from({ length: Number(clients) }, async () => {
      while (left-- > 0) await call();
    }),
  );
};
// The first calls compile.
await run(Math.min(200, Number(count)));
const before = process.cpuUsage();
const began = performance.now();
await run(Number(count));
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ cpuMs: (user + system) / 1000 / Number(count), wallMs: performance.now() - began }));
await host.exchange.close();
