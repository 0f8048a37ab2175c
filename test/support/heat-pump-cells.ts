/**
 * A made-up heat pump on a grid of five-minute cells, seeded: enough physics that every channel
 * follows from weather and load, and no more.
 */
import {
  CELLS_PER_DAY,
  CHANNEL_COUNT,
  type ChannelId,
  channelIndex,
} from "#core/anomaly/channel.js";
import { type CellGrid, createGrid } from "#core/anomaly/grid.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { createRandom } from "./chance.js";

/** One machine in one house. */
export interface MadeUpMachine {
  readonly seed: number;
  readonly days: number;
  /** First UTC day since 1970. */
  readonly firstDay?: number;
  /** Mean outdoor temperature. */
  readonly outdoor?: number;
  /** This house's supply temperature lies higher. */
  readonly flowOffset?: number;
}

/** Channels that the machine has. */
export const MADE_UP: readonly ChannelId[] = [
  "outdoor",
  "flow",
  "return",
  "tank",
  "power",
  "cop",
  "high",
  "low",
  "fan",
  "frequency",
];

const [OFF, HEATING, HOT_WATER] = (["off", "heating", "hot_water"] as const).map((mode) =>
  MODES.indexOf(mode),
);

/** Cells of a healthy machine. */
export function madeUpCells(machine: MadeUpMachine): CellGrid {
  const { seed, days, firstDay = 20_000, outdoor: climate = 3, flowOffset = 0 } = machine;
  const grid = createGrid(firstDay * CELLS_PER_DAY, days * CELLS_PER_DAY);
  const random = createRandom(seed);
  const noise = () => random() - 0.5;
  for (let cell = 0; cell < grid.length; cell++) {
    const day = firstDay + cell / CELLS_PER_DAY;
    const hour = (cell / 12) % 24;
    const outdoor =
      climate +
      4 * Math.sin(day * 0.7 + seed) +
      3 * Math.sin((hour / 24) * 2 * Math.PI - 2) +
      noise();
    const isWater = hour >= 5 && hour < 6.2;
    const isHeating = !isWater && outdoor < 14 && Math.floor(cell / 24) % 4 !== 3;
    grid.seen[cell] = 1;
    grid.modes[cell] = (isWater ? HOT_WATER : isHeating ? HEATING : OFF) ?? 0;
    const set = (id: ChannelId, value: number) => {
      grid.values[cell * CHANNEL_COUNT + channelIndex(id)] = Math.round(value * 1000) / 1000;
    };
    set("outdoor", outdoor);
    set("tank", 47 + (isWater ? 3 : 0) + 0.4 * noise());
    if (isWater || isHeating) run({ set, noise, outdoor, isWater, flowOffset });
    else {
      set("flow", 25 + noise());
      set("return", 25 + noise());
      set("power", 0.01 + 0.004 * noise());
      set("high", 7 + outdoor * 0.1 + 0.05 * noise());
      set("low", 7 + outdoor * 0.1 + 0.05 * noise());
      set("fan", 0);
      set("frequency", 0);
    }
  }
  return grid;
}

interface Run {
  readonly set: (id: ChannelId, value: number) => void;
  readonly noise: () => number;
  readonly outdoor: number;
  readonly isWater: boolean;
  readonly flowOffset: number;
}

function run({ set, noise, outdoor, isWater, flowOffset }: Run): void {
  const frequency = isWater ? 70 + 3 * noise() : 52 - 1.1 * outdoor + 8 * noise();
  const flow = isWater ? 53 + noise() : 33 - 0.45 * (outdoor - 5) + flowOffset + 0.4 * noise();
  const spread = frequency / 15;
  const cop = 4.6 + 0.07 * outdoor - 0.06 * (flow - 33) - 0.006 * (frequency - 50);
  set("frequency", frequency);
  set("flow", flow);
  set("return", flow - spread + 0.2 * noise());
  set("cop", cop + 0.2 * noise());
  set("power", (spread * 1.4) / cop + 0.01 * noise());
  set("high", 11 + 0.25 * (flow - 33) + 0.01 * (frequency - 50) + 0.08 * noise());
  set("low", 4.5 + 0.11 * outdoor - 0.012 * (frequency - 50) + 0.08 * noise());
  set("fan", 50 + 0.8 * (frequency - 50) + noise());
}
