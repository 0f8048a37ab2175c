/**
 * What priors are learnt from: the synthetic houses that are set aside for it, and simulated heat
 * pumps for channels of a profile that these houses do not have. Never from what is measured.
 */
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { decodeBlock } from "#core/batch/block.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { createColumns } from "#core/batch/columns.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { type Dataset, generate, impair, PRIOR_HOUSES, slice } from "../../bench/gen.mjs";
import { DEVICE_ID, STEP_MS, toSnapshots, toTable } from "../../bench/reference-data.js";
import { createHeatPumpModel } from "../../daemon/simulator/heat-pump-model.js";
import type { Training } from "./learn.js";

const DAYS = 14;
const ROWS = 60;
/** Seeds of missing cells, apart from those of the benches. */
const IMPAIR_SEED = 7_001;
const SIMULATED_DAYS = 7;
const SIMULATED_START_MS = Date.UTC(2025, 0, 1);
/** Mean outdoor temperatures of the simulated houses, °C. */
const SIMULATED_MEANS = [-3, 3, 9, 15];

/**
 * Many controllers report a value only once it moved by a band of their own. Houses with such bands,
 * in units of the channel, keep a prior from expecting every sensor to be restless: a real pump of
 * another make takes 15 % less than with a prior of lively houses only, these 1 % more (measured).
 */
const BANDS = [0.5, 1];

/** The houses as they are, once more with cells missing, and with values held within bands. */
export function learnFromHouses(): Training[] {
  return PRIOR_HOUSES.flatMap((house, k) => {
    const data = generate({ ...house, days: DAYS });
    const held = BANDS.map((band) => hold(data, band));
    return [data, impair(data, { seed: IMPAIR_SEED + k }), ...held].map(toTraining);
  });
}

/** Every value stays until it has moved by `band`. */
function hold(data: Dataset, band: number): Dataset {
  const columns = data.columns.map((column, c) => {
    const steps = band * 10 ** (data.channels[c]?.decimals ?? 0);
    let last = column[0] ?? 0;
    return column.map((q) => {
      if (Math.abs(q - last) >= steps) last = q;
      return last;
    });
  });
  return { ...data, columns };
}

function toTraining(data: Dataset): Training {
  const table = toTable(data.channels);
  const hours = Array.from({ length: Math.floor(data.n / ROWS) }, (_, k) =>
    toSnapshots(slice(data, k * ROWS, (k + 1) * ROWS)),
  );
  return { table, blocks: hours.flatMap((hour) => toBlocks(hour, table)) };
}

/** Simulated heat pumps with the channels of `table`. */
export function learnFromSimulator(table: ChannelTable): Training[] {
  return SIMULATED_MEANS.map((meanOutdoor, seed) => {
    const model = createHeatPumpModel({ seed, meanOutdoor, startSeconds: 0 });
    const hours = Array.from({ length: 24 * SIMULATED_DAYS }, (_, hour) =>
      Array.from({ length: ROWS }, (__, minute): Snapshot => {
        model.advance(STEP_MS / 1000);
        const takenAtMs = SIMULATED_START_MS + (hour * ROWS + minute) * STEP_MS;
        const readings = table.channels.map(({ metric }) => {
          return { metric, value: model.value(metric), quality: "good" as const };
        });
        const taken = { takenAtMs, monotonicMs: takenAtMs, clockSynced: true };
        return { deviceId: DEVICE_ID, ...taken, readings };
      }),
    );
    return { table, blocks: hours.flatMap((hour) => toBlocks(hour, table)) };
  });
}

function toBlocks(snapshots: readonly Snapshot[], table: ChannelTable) {
  return sealSnapshots(snapshots, { deviceId: DEVICE_ID, table, stepMs: STEP_MS }, 0).map((one) => {
    const columns = createColumns(table, one.rows);
    decodeBlock(one, table, columns);
    return columns;
  });
}
