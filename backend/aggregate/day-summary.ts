/**
 * One day of one device as sums: energies, running hours, starts, outdoor temperature. From these
 * come efficiency and use over any window; no reading has to be looked at again.
 *
 * Energies come from the device's own counters where it has them, else from its powers. A counter
 * that falls was reset, one that leaps more than a heat pump can is not believed. Heat and
 * electricity are only ever compared from the same kind of source.
 *
 * Sources: performance figures per operating mode follow EN 14511 and EN 14825 in what they count
 * (heat delivered over electricity taken); the split of a day by its outdoor temperature follows the
 * test points of EN 14825 (-7, 2, 7, 12 °C).
 */
import type { BatchRow } from "#core/batch/batch-reader.js";

/** What a counter or an integral says, in kWh; `undefined`: not measured. */
interface Energy {
  readonly heatKwh: number | undefined;
  readonly electricKwh: number | undefined;
}

/** One day of one device. */
export interface DaySummary {
  /** Days since 1970, UTC. */
  readonly day: number;
  readonly deviceId: string;
  readonly heatpumpModel: string;
  /** Share of the day's five-minute cells that have data, 0 to 1. */
  readonly coverage: number;
  /** Mean over cells, °C. */
  readonly outdoorMean: number | undefined;
  readonly total: Energy;
  readonly heating: Energy;
  readonly hotWater: Energy;
  readonly compressorHours: number | undefined;
  readonly compressorStarts: number | undefined;
  /** Counters at the end of the day, by metric: where the next day goes on. */
  readonly counters: Readonly<Record<string, { readonly atMs: number; readonly value: number }>>;
}

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;
const CELL_MS = 300_000;
const CELLS_PER_DAY = DAY_MS / CELL_MS;
const HOUR_MS = 3_600_000;
/** A power holds until the next reading, but not for longer than this. */
const HOLD_MAX_MS = 900_000;
/** A counter goes on from the day before when that is this near. */
const LINK_MAX_MS = 2 * DAY_MS;
/** Beyond it a counter leapt. The catalogue's heat pumps are of houses and blocks of flats. */
const RISE_KWH_PER_HOUR_MAX = 200;
const RISE_STARTS_PER_HOUR_MAX = 60;
/** Counters move in steps of whole units on some devices. */
const RISE_SLACK = 2;

const COUNTERS = {
  energy_heat_total: RISE_KWH_PER_HOUR_MAX,
  energy_electric_total: RISE_KWH_PER_HOUR_MAX,
  energy_heat_heating: RISE_KWH_PER_HOUR_MAX,
  energy_electric_heating: RISE_KWH_PER_HOUR_MAX,
  energy_heat_hot_water: RISE_KWH_PER_HOUR_MAX,
  energy_electric_hot_water: RISE_KWH_PER_HOUR_MAX,
  hours_compressor: 1,
  starts_compressor: RISE_STARTS_PER_HOUR_MAX,
} as const;

type CounterId = keyof typeof COUNTERS;

interface Counter {
  rise: number;
  atMs: number;
  value: number;
  /** Whether there are two readings to compare. */
  hasRise: boolean;
}

/** Takes the rows of one day. */
export interface DaySummariser {
  /** Rows in the order of time; those of another day are passed over. */
  add(rows: Iterable<BatchRow>): void;
  /** `undefined`: no row came. */
  finish(): DaySummary | undefined;
}

/** @param before the day before, when it is known */
export function createDaySummariser(
  facts: Pick<DaySummary, "day" | "deviceId" | "heatpumpModel">,
  before: Pick<DaySummary, "counters"> | undefined,
): DaySummariser {
  const { day } = facts;
  const counters = new Map<CounterId, Counter>();
  for (const [id, { atMs, value }] of Object.entries(before?.counters ?? {})) {
    if (day * DAY_MS - atMs > LINK_MAX_MS) continue;
    counters.set(id as CounterId, { rise: 0, atMs, value, hasRise: false });
  }
  const cells = new Set<number>();
  const outdoor = new Map<number, { sum: number; count: number }>();
  const flows = createFlows();
  let isEmpty = true;
  return {
    add(rows) {
      for (const { atMs, values } of rows) {
        if (Math.floor(atMs / DAY_MS) !== day) continue;
        isEmpty = false;
        const cell = Math.floor((atMs - day * DAY_MS) / CELL_MS);
        cells.add(cell);
        addOutdoor(outdoor, cell, values.get("temp_outdoor"));
        for (const id of Object.keys(COUNTERS) as CounterId[]) count(counters, id, atMs, values);
        flows.add(atMs, values);
      }
    },
    finish() {
      if (isEmpty) return undefined;
      const means = [...outdoor.values()].map(({ sum, count: n }) => sum / n);
      return {
        ...facts,
        coverage: cells.size / CELLS_PER_DAY,
        outdoorMean: means.length === 0 ? undefined : sumOf(means) / means.length,
        ...energies(counters, flows),
        compressorHours: rise(counters, "hours_compressor") ?? flows.compressorHours(),
        compressorStarts: rise(counters, "starts_compressor") ?? flows.compressorStarts(),
        counters: Object.fromEntries(
          [...counters].map(([id, { atMs, value }]) => [id, { atMs, value }]),
        ),
      };
    },
  };
}

function addOutdoor(
  outdoor: Map<number, { sum: number; count: number }>,
  cell: number,
  value: number | undefined,
): void {
  if (value === undefined) return;
  const known = outdoor.get(cell) ?? { sum: 0, count: 0 };
  known.sum += value;
  known.count++;
  outdoor.set(cell, known);
}

function count(
  counters: Map<CounterId, Counter>,
  id: CounterId,
  atMs: number,
  values: BatchRow["values"],
): void {
  const value = values.get(id);
  if (value === undefined) return;
  const known = counters.get(id);
  if (known === undefined) {
    counters.set(id, { rise: 0, atMs, value, hasRise: false });
    return;
  }
  const step = value - known.value;
  const most = COUNTERS[id] * ((atMs - known.atMs) / HOUR_MS) + RISE_SLACK;
  if (step >= 0 && step <= most) known.rise += step;
  known.atMs = atMs;
  known.value = value;
  known.hasRise = true;
}

function rise(counters: ReadonlyMap<CounterId, Counter>, id: CounterId): number | undefined {
  const known = counters.get(id);
  return known?.hasRise === true ? known.rise : undefined;
}

/** Both from counters, or both from powers. */
function energies(
  counters: ReadonlyMap<CounterId, Counter>,
  flows: Flows,
): Pick<DaySummary, "total" | "heating" | "hotWater"> {
  const counted = (use: "total" | "heating" | "hot_water"): Energy => ({
    heatKwh: rise(counters, `energy_heat_${use}`),
    electricKwh: rise(counters, `energy_electric_${use}`),
  });
  const isWhole = ({ heatKwh, electricKwh }: Energy): boolean =>
    heatKwh !== undefined && electricKwh !== undefined;
  const choose = (fromCounters: Energy, fromPowers: Energy): Energy =>
    isWhole(fromCounters) || !isWhole(fromPowers) ? fromCounters : fromPowers;
  return {
    total: choose(counted("total"), flows.total()),
    heating: choose(counted("heating"), flows.heating()),
    hotWater: choose(counted("hot_water"), flows.hotWater()),
  };
}

/** What flows between two readings. */
interface Flows {
  add(atMs: number, values: BatchRow["values"]): void;
  total(): Energy;
  heating(): Energy;
  hotWater(): Energy;
  compressorHours(): number | undefined;
  compressorStarts(): number | undefined;
}

/** A reading holds until the next one; heat of defrosting is taken from the house and counts so. */
function createFlows(): Flows {
  const kwh = { heat: 0, electric: 0, heatWater: 0, electricWater: 0 };
  let last: { atMs: number; heat?: number; electric?: number; water?: boolean } | undefined;
  let running: { atMs: number; is: boolean } | undefined;
  let [hasPowers, hasValve, hasRunning] = [false, false, false];
  let [runMs, startsSeen] = [0, 0];
  const addPowers = (atMs: number, values: BatchRow["values"]): void => {
    if (last !== undefined) {
      const hours = Math.min(atMs - last.atMs, HOLD_MAX_MS) / HOUR_MS;
      // Only where both are known: a gap of one of them must not look like efficiency.
      if (last.heat !== undefined && last.electric !== undefined) {
        kwh.heat += last.heat * hours;
        kwh.electric += last.electric * hours;
        if (last.water === true) kwh.heatWater += last.heat * hours;
        if (last.water === true) kwh.electricWater += last.electric * hours;
      }
    }
    const heat = values.get("power_thermal");
    const electric = values.get("power_current");
    const valve = values.get("valve_hot_water");
    hasPowers ||= heat !== undefined && electric !== undefined;
    hasValve ||= valve !== undefined;
    const water = valve === undefined ? last?.water : valve === 1;
    last = {
      atMs,
      ...(heat !== undefined && { heat }),
      ...(electric !== undefined && { electric }),
      ...(water !== undefined && { water }),
    };
  };
  const addRunning = (atMs: number, values: BatchRow["values"]): void => {
    const state = values.get("compressor_state") ?? values.get("compressor_frequency");
    if (state === undefined) return;
    hasRunning = true;
    const is = state > 0;
    if (running?.is === true) runMs += Math.min(atMs - running.atMs, HOLD_MAX_MS);
    if (running?.is === false && is) startsSeen++;
    running = { atMs, is };
  };
  const when = (isKnown: boolean, heatKwh: number, electricKwh: number): Energy =>
    isKnown ? { heatKwh, electricKwh } : { heatKwh: undefined, electricKwh: undefined };
  return {
    add(atMs, values) {
      addPowers(atMs, values);
      addRunning(atMs, values);
    },
    total: () => when(hasPowers, kwh.heat, kwh.electric),
    hotWater: () => when(hasPowers && hasValve, kwh.heatWater, kwh.electricWater),
    heating: () =>
      when(hasPowers && hasValve, kwh.heat - kwh.heatWater, kwh.electric - kwh.electricWater),
    compressorHours: () => (hasRunning ? runMs / HOUR_MS : undefined),
    compressorStarts: () => (hasRunning ? startsSeen : undefined),
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
