/** The operator's command line in this process: words in, lines out. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../backend/commands/machine.js";
import { createProgram } from "../../backend/commands/program.js";
import { createChance } from "./chance.js";
import { createFakeClock } from "./fake-clock.js";
import { temporaryFolder } from "./folder.js";

/** A state directory with a store key, and commands on it. */
export function openCommandBed() {
  const folder = temporaryFolder();
  const lines: string[] = [];
  const config = join(folder, "backend.yaml");
  writeFileSync(config, `stateDir: ${folder}\n`);
  writeFileSync(join(folder, "store-key"), Buffer.alloc(32, 4), { mode: 0o600 });
  const machine: Machine = {
    clock: createFakeClock(),
    chance: createChance(1),
    version: "1.0.0",
    nodeVersion: "v24.22.3",
    signal: new AbortController().signal,
    print: (line) => lines.push(line),
    setTlsMinimum: () => {},
    onBug: () => {},
    listenToBugs: () => {},
  };
  /** Lines that the command printed. */
  const run = async (...words: string[]): Promise<readonly string[]> => {
    lines.length = 0;
    const program = createProgram(machine);
    await program.parseAsync(["node", "heatpool-backend", ...words, "--config", config]);
    return lines;
  };
  return { run, folder };
}
