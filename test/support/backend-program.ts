/** The backend's command line in this process, with clock and chance in the test's hand. */
import { HeatpoolError } from "#core/errors.js";
import type { Machine } from "../../backend/commands/machine.js";
import { createProgram } from "../../backend/commands/program.js";
import { createChance } from "./chance.js";
import { createFakeClock, type FakeClock } from "./fake-clock.js";
import { START_MS } from "./tuf-repository.js";

/** The program, and what it printed. */
export interface BackendProgram {
  readonly clock: FakeClock;
  readonly lines: string[];
  /** What SIGTERM does. */
  stop(): void;
  run(...args: string[]): Promise<void>;
  /** Runs with `--json`; resolves with what was printed. */
  // biome-ignore lint/suspicious/noExplicitAny: each command has its own
  ask(...args: string[]): Promise<any>;
  /** Resolves with the error that the command failed with. */
  fail(...args: string[]): Promise<HeatpoolError>;
}

export function createBackendProgram(startMs = START_MS): BackendProgram {
  const clock = createFakeClock(startMs);
  const lines: string[] = [];
  const ending = new AbortController();
  const machine: Machine = {
    clock,
    chance: createChance(11),
    version: "1.2.3",
    nodeVersion: "v24.22.3",
    signal: ending.signal,
    print: (line) => lines.push(line),
    setTlsMinimum: () => {},
    onBug: () => {},
    listenToBugs: () => {},
  };
  const run = async (...args: string[]): Promise<void> => {
    await createProgram(machine).parseAsync(args, { from: "user" });
  };
  return {
    clock,
    lines,
    stop: () => ending.abort(),
    run,
    async ask(...args) {
      lines.length = 0;
      await run(...args, "--json");
      return JSON.parse(lines[0] ?? "");
    },
    async fail(...args) {
      const error = await run(...args).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error instanceof HeatpoolError) return error;
      throw new Error(`${args.join(" ")} did not fail as it should: ${String(error)}`);
    },
  };
}
