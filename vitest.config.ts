import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes a minute and more begins first, so that nothing long is left for the end. */
const LONGEST = [
  "test/flow/whole-loop.test.ts",
  "test/daemon/backlog/full-store.test.ts",
  "test/flow/faults.test.ts",
  "test/flow/kill.test.ts",
  "test/flow/engines.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return place < 0 ? LONGEST.length : place;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
    pool: "forks",
    maxWorkers: 2,
    // A rejection nobody handled kills a daemon in the field, so it fails the run here.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
