import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    // What a killed run left behind.
    globalSetup: ["test/support/sweep.ts"],
    // For what hangs, not for what is slow: real programs on a busy machine take their time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    // A rejection nobody handled kills a daemon in the field, so it fails the run here.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
