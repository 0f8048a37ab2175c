/** `heatpool-backend train`: models from what the store holds, while no backend serves. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { type Engines, openEngines } from "../assembly/engines.js";
import { openTraining, type TrainingParts } from "../assembly/training-rooms.js";
import { createLog } from "../host/log.js";
import { openTombstones } from "../privacy/tombstones.js";
import { createIdentities } from "../registry/create-identities.js";
import { openFileIdentityStore } from "../registry/file-identity-store.js";
import { createRegistry } from "../registry/memory-registry.js";
import { openPostgresIdentityStore } from "../registry/postgres-identity-store.js";
import type { InstallationState } from "../registry/registry.js";
import type { Training, TrainingReport } from "../train/training.js";
import { createTrainingRuns } from "../train/training-runs.js";
import { findStoreKey, loadConfig, type Machine } from "./machine.js";

/** What it is asked for. */
export interface TrainOptions {
  readonly config: string;
  /** Left out: all heat pump models. */
  readonly model?: string;
  readonly since?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  /** Folder that contents of candidates are written to, for `publish`. */
  readonly out?: string;
}

/** @throws HeatpoolError `STORE_LOCKED` a backend serves · `NOT_FOUND` nobody has that heat pump */
export async function train(machine: Machine, options: TrainOptions): Promise<void> {
  const { config, places } = loadConfig(options.config);
  const { clock, chance, version } = machine;
  const log = createLog({
    ...{ write: () => undefined, clock, threshold: () => "error", mask: (text) => text },
  });
  const engines = await openEngines({ config, places, clock, chance, log }).catch(toLocked);
  try {
    const identities = await createIdentities(
      engines.shared === undefined
        ? await openFileIdentityStore(places.identitiesDir)
        : openPostgresIdentityStore(engines.shared.database),
      clock.nowMs(),
    );
    const tombstones = engines.shared?.tombstones ?? openTombstones(places.tombstonesFile, chance);
    const states: InstallationState[] = [];
    for await (const state of engines.store.installations()) states.push(state);
    const parts: TrainingParts = {
      ...{ config, places, version, clock, chance, identities },
      storeKey: findStoreKey(places, machine),
      store: engines.store,
      registry: createRegistry(states),
      isErased: tombstones.has,
      onProgress: (text) => options.json !== true && machine.progress?.(text),
    };
    const training = options.dryRun === true ? openTraining(parts) : openRecorded(parts);
    const order = {
      ...(options.model !== undefined && { heatpumpModel: options.model }),
      ...(options.since !== undefined && { since: options.since }),
      isDry: options.dryRun === true,
    };
    const reports = await training.train(order, machine.signal).catch((fault: unknown) => {
      throw machine.signal.aborted ? interrupted(fault) : fault;
    });
    if (options.out !== undefined) writeContents(options.out, reports);
    tell(machine, options, reports);
  } finally {
    await engines.close();
  }
}

function interrupted(cause: unknown): HeatpoolError {
  return new HeatpoolError("INTERRUPTED", "training was ended before it was through", {
    cause,
    hint: "The next run goes on from the months that were summed.",
  });
}

/** Runs by hand stand among the others. */
function openRecorded(parts: TrainingParts): Training {
  const { store, clock } = parts;
  const open = (onProgress: (text: string) => void): Training =>
    openTraining({
      ...parts,
      onProgress(text) {
        onProgress(text);
        parts.onProgress(text);
      },
    });
  return createTrainingRuns({ store, clock, open, onFault: () => undefined }).training;
}

function toLocked(fault: unknown): Promise<Engines> {
  if (!(fault instanceof HeatpoolError) || fault.code !== "STORE_LOCKED") throw fault;
  throw new HeatpoolError("STORE_LOCKED", fault.message, {
    cause: fault,
    hint: "A running backend trains by itself on the first of a month; `training start` makes it now.",
  });
}

/** Only what passed every gate, and never over a file that is there. */
function writeContents(folder: string, reports: readonly TrainingReport[]): void {
  for (const { outcome, modelId, card, content } of reports) {
    if (outcome !== "candidate" || card === undefined || content === undefined) continue;
    const file = join(folder, `${modelId}-${card.version}.json`);
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, content, { flag: "wx" });
    } catch (cause) {
      throw new HeatpoolError("USAGE", `${file} cannot be written`, { cause });
    }
  }
}

function tell(machine: Machine, options: TrainOptions, reports: readonly TrainingReport[]): void {
  if (options.json === true) {
    const models = reports.map(({ content, ...report }) => ({
      ...report,
      bytes: content?.length ?? 0,
    }));
    machine.print(JSON.stringify({ dryRun: options.dryRun === true, models }));
    return;
  }
  for (const report of reports) for (const line of describe(report)) machine.print(line);
}

function describe({ heatpumpModel, outcome, card, reasons, leftOut, ...counts }: TrainingReport) {
  const { installations, readings } = counts;
  return [
    `${heatpumpModel}: ${outcome}${card === undefined ? "" : ` ${card.version}`}, ` +
      `${installations} installations, ${readings} readings`,
    ...reasons.map((why) => `  ${why}`),
    ...Object.entries(leftOut).map(([why, count]) => `  left out: ${count}, ${why}`),
    ...(card === undefined
      ? []
      : [
          `  false alarms per machine-month ${card.figures.falseAlarmsPerMonth}, ` +
            `recall ${card.figures.recall} of ${card.figures.events} injected faults`,
        ]),
  ];
}
