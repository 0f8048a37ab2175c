/**
 * A device of a profile on a TCP port: what `heatpool profile simulate` runs, and what tests read.
 *
 * It behaves as the profile says its device does, and not otherwise: the block limits, the number
 * of clients, hanging up on those who rest. It only ever answers reads.
 */
import { HeatpoolError } from "#core/errors.js";
import type { Profile } from "#core/profile/profile.js";
import { type Fault, faultyBehaviour, spoilImage } from "./faults.js";
import { createHeatPumpModel, type HeatPumpModel } from "./heat-pump-model.js";
import { type ModbusServer, startModbusServer } from "./modbus-server.js";
import { createProfileImage, type ProfileImage } from "./profile-image.js";

/** What is simulated, and where. */
export interface SimulatorOptions {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** What the house has; the profile's defaults where nothing is said. */
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
  readonly faults?: readonly Fault[];
  /** Which house. */
  readonly seed?: number;
}

/** A device that runs. */
export interface Simulator {
  readonly server: ModbusServer;
  readonly image: ProfileImage;
  readonly model: HeatPumpModel;
  close(): Promise<void>;
}

const SEED = 7;
/** A device that wants a connection per poll hangs up on one that is kept. */
const KEPT_CONNECTION_MS = 5000;

/** @throws HeatpoolError `CONFIG_INVALID` for unknown parameters · `USAGE` it cannot listen there */
export async function startSimulator(
  profile: Profile,
  options: SimulatorOptions,
): Promise<Simulator> {
  const { host, port, parameters = {}, faults = [] } = options;
  const model = createHeatPumpModel({ seed: options.seed ?? SEED });
  const image = createProfileImage(profile, model, { parameters });
  const { connection } = profile;
  const idle = connection.idleCloseSeconds;
  const idleCloseMs =
    idle !== undefined ? idle * 1000 : connection.shouldCloseAfterPoll && KEPT_CONNECTION_MS;
  const server = await startModbusServer(spoilImage(image, profile, faults), {
    host,
    port,
    blockWordsMax: connection.wordsPerReadMax,
    blockBitsMax: connection.bitsPerReadMax,
    ...(connection.connectionsMax !== undefined && { connectionsMax: connection.connectionsMax }),
    ...(idleCloseMs !== false && { idleCloseMs }),
    ...faultyBehaviour(faults),
  }).catch((cause: Error) => {
    throw new HeatpoolError("USAGE", `cannot listen on ${host}:${port}: ${cause.message}`, {
      hint: "Choose another --port (0: any that is free), or another --host of this machine.",
      cause,
    });
  });
  return { server, image, model, close: () => server.close() };
}
