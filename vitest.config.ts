import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  test: {
    // `npm test` runs in the mode "packed": the actions are tested in the package as it is installed (test/built.ts).
    env: { MAILCORDON_TEST_LIBRARY: mode === "packed" ? "packed" : "sources" },
    include: ["test/**/*.test.ts"],
    // Tests start servers and child processes: on two cores more workers only make each other late.
    maxWorkers: 2,
    // A test fails by a wrong result. These bounds only end one that hangs: a busy machine may take fifty times as long as a quiet one.
    testTimeout: 10 * 60_000,
    hookTimeout: 10 * 60_000,
  },
}));
