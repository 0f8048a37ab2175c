/** `heatpool profile simulate`: a device of a profile, for trying things without one. */
import type { Command } from "commander";
import { FAULT_FORMS, parseFault } from "../simulator/faults.js";
import { startSimulator } from "../simulator/simulator.js";
import { loadNamed, type ProfileCommandDeps } from "./profile-deps.js";
import { collect, parseParameters, toNumber, toWhole } from "./profile-options.js";

interface SimulateOptions {
  readonly host: string;
  readonly port: string;
  readonly parameters: readonly string[];
  readonly fault: readonly string[];
  readonly speed: string;
  readonly seed: string;
}

/** How often the simulated heat pump moves on. */
const STEP_MS = 1000;
const SPEED_MAX = 3600;
const SEED_MAX = 2 ** 31 - 1;

export function addSimulate(profile: Command, deps: ProfileCommandDeps): void {
  profile
    .command("simulate")
    .description("serve a simulated heat pump over Modbus TCP until told to stop")
    .argument("<profile>", "name of a profile, or a YAML file")
    .option("--port <number>", "0: any that is free", "0")
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--parameters <name=a,b>", "what the house has; may be repeated", collect, [])
    .option("--fault <fault>", `${FAULT_FORMS}; may be repeated`, collect, [])
    .option("--speed <factor>", "simulated seconds in a real one; 0: nothing moves", "1")
    .option("--seed <number>", "which house", "7")
    .option("--json", "the line that is printed is JSON in any case")
    .action((name: string, options: SimulateOptions) => simulate(deps, name, options));
}

async function simulate(
  deps: ProfileCommandDeps,
  name: string,
  options: SimulateOptions,
): Promise<void> {
  const profile = loadNamed(deps.store, name);
  const speed = toNumber("--speed", options.speed, 0, SPEED_MAX);
  const simulator = await startSimulator(profile, {
    host: options.host,
    port: toWhole("--port", options.port, 0, 65_535),
    parameters: parseParameters(options.parameters),
    faults: options.fault.map((text) => parseFault(text, profile)),
    seed: toWhole("--seed", options.seed, 0, SEED_MAX),
  });
  const { port } = simulator.server;
  const unitIds = [...new Set(profile.registers.map((one) => one.unitId))];
  const registers = simulator.image.servedIds.size;
  const line = { profile: profile.name, host: options.host, port, unitIds, registers };
  deps.write(`${JSON.stringify(line)}\n`);
  try {
    while (!deps.ending.aborted) {
      await deps.clock.sleep(STEP_MS, deps.ending);
      if (speed > 0) simulator.model.advance((STEP_MS / 1000) * speed);
    }
  } finally {
    await simulator.close();
  }
}
