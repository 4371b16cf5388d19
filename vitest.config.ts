import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  test: {
    // `npm test` runs in the mode "packed": the actions are tested in the package as it is installed (test/built.ts).
    env: { MAILCORDON_TEST_LIBRARY: mode === "packed" ? "packed" : "sources" },
    include: ["test/**/*.test.ts"],
    // Tests start servers and child processes: on two cores more workers only make each other late.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}));
