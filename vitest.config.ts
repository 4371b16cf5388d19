import { defineConfig } from "vitest/config";

export default defineConfig({
  // The examples and their readers name the package; the tests run what is written now, not what was built last.
  resolve: { alias: { mailcordon: new URL("./src/index.ts", import.meta.url).pathname } },
  test: {
    include: ["test/**/*.test.ts"],
    // Tests start servers and child processes: on two cores more workers only make each other late.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
