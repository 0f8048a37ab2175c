/**
 * The time series engine in memory, for tests: a map by series and time. `crash` loses what was not
 * settled, as a real one does.
 */

import { isPresent } from "#core/batch/columns.js";
import { listChannelLanes, readValue } from "#core/batch/value-lanes.js";
import type { DecodedBlock, SeriesEngine } from "./series-engine.js";
import { gridTimes } from "./victoriametrics-lines.js";

/** The engine, and the hand that hurts it. */
export interface MemorySeriesEngine extends SeriesEngine {
  /** Starts anew with what was settled. */
  crash(): void;
  /** What `life` and `send` throw from here on; `undefined`: nothing. */
  fail(fault: Error | undefined): void;
  refuse(rows: number): void;
}

type Samples = Map<string, { installationId: string; series: string }>;

/** An empty one. */
export function createMemorySeriesEngine(): MemorySeriesEngine {
  let taken: Samples = new Map();
  let settled: Samples = new Map();
  let life = 1;
  let rowsRefused = 0;
  let fault: Error | undefined;
  const demandUp = (): void => {
    if (fault !== undefined) throw fault;
  };
  return {
    async life() {
      demandUp();
      return { name: String(life), rowsRefused };
    },
    begin() {
      const added: Samples = new Map();
      return {
        add: (decoded) => addSamples(added, decoded),
        get bytes() {
          return added.size;
        },
        async send() {
          demandUp();
          for (const [at, one] of added) taken.set(at, one);
        },
      };
    },
    async settle() {
      demandUp();
      settled = new Map(taken);
    },
    async erase(ids) {
      demandUp();
      for (const [at, one] of taken) if (ids.includes(one.installationId)) taken.delete(at);
    },
    async compact() {
      demandUp();
    },
    async count(id) {
      const mine = [...taken.values()].filter(
        (one) => id === undefined || one.installationId === id,
      );
      return { samples: mine.length, series: new Set(mine.map((one) => one.series)).size };
    },
    crash() {
      taken = new Map(settled);
      life++;
      rowsRefused = 0;
    },
    fail(next) {
      fault = next;
    },
    refuse(rows) {
      rowsRefused += rows;
    },
  };
}

function addSamples(into: Samples, { block, table, columns }: DecodedBlock): void {
  const times = gridTimes(columns);
  const lanes = listChannelLanes(columns, table);
  const { installationId, batch } = block;
  for (const [c, channel] of table.channels.entries()) {
    const cells = lanes[c];
    for (const [row, atMs] of times.entries()) {
      if (cells === undefined || !isPresent(columns, c, row)) continue;
      if (!Number.isFinite(readValue(cells, row, channel))) continue;
      const series = `${installationId}/${batch.deviceId}/${block.heatpumpModel}/${channel.metric}`;
      into.set(`${series}/${atMs}`, { installationId, series });
    }
  }
}
