/**
 * Efficiency figures from the sums of days, released together with the other statistics and under
 * the same rules. A release is durable before it is shown.
 */
import { HeatpoolError } from "#core/errors.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { BADGES, type Badge, earnBadges } from "./badges.js";
import {
  effectiveRules,
  type PrivacyRules,
  sortMeans,
  summariseSorted,
} from "./cohort-statistics.js";
import { DAY_MS, type DaySummary } from "./day-summary.js";
import type { Efficiency, PerformanceFigure, Rank } from "./efficiency.js";
import { carryOver, type Figure } from "./figure.js";
import {
  measurePerformance,
  type Performance,
  type PerformanceWindow,
  QUANTITIES,
  WINDOW_DAYS,
} from "./performance.js";
import { type CohortGrid, rankIn, toGrid } from "./rank.js";
import { listMembers } from "./release.js";
import { type SumDaysDeps, sumDays } from "./sum-days.js";

/** What efficiency works with. */
export interface EfficiencyDeps {
  readonly store: SumDaysDeps["store"] & Pick<SnapshotStore, "record" | "putRecord">;
  readonly registry: Pick<Registry, "find" | "members" | "models">;
  readonly findTable: SumDaysDeps["findTable"];
  readonly keptFromMs: (nowMs: number) => number;
  readonly daysWithData: (state: InstallationState, nowMs: number) => number;
  readonly nowMs: () => number;
  readonly privacy?: Partial<PrivacyRules>;
  readonly badges?: readonly Badge[];
}

/** Figures of one cohort and window, those told and what is remembered of them. */
interface ReleasedWindow {
  readonly heatpumpModel: string;
  readonly window: PerformanceWindow;
  readonly figures: readonly PerformanceFigure[];
  readonly grids: readonly CohortGrid[];
  readonly kept: Readonly<Record<string, Figure<Told>>>;
}

interface Told {
  readonly figure: PerformanceFigure;
  readonly grid: CohortGrid | undefined;
}

interface PerformanceRelease {
  readonly releasedAtMs: number;
  readonly windows: readonly ReleasedWindow[];
}

/** Name of the newest release in the store. */
const RECORD = "community/efficiency";
const NEVER: PerformanceRelease = { releasedAtMs: 0, windows: [] };
const WINDOWS = Object.keys(WINDOW_DAYS) as PerformanceWindow[];

/** Efficiency, and the hand that has it read what another process released. */
export interface KeptEfficiency extends Efficiency {
  reload(): Promise<void>;
}

/** Reads the newest release back. */
export async function createEfficiency(deps: EfficiencyDeps): Promise<KeptEfficiency> {
  const { store, registry } = deps;
  const rules = effectiveRules(deps.privacy ?? {});
  const badges = deps.badges ?? BADGES;
  let newest = await readRelease(store);
  const findWindow = (model: string, window: PerformanceWindow) =>
    newest.windows.find((one) => one.heatpumpModel === model && one.window === window);
  const rank = (model: string, window: PerformanceWindow, own: Performance): Rank[] =>
    QUANTITIES.flatMap((quantity) => {
      const value = own.get(quantity.id);
      if (value === undefined) return [];
      const grid = findWindow(model, window)?.grids.find((one) => one.quantity === quantity.id);
      const isRanked = grid !== undefined && quantity.better !== undefined;
      return [
        {
          quantity: quantity.id,
          unit: quantity.unit,
          heatpumpModel: model,
          value: Math.round(value * 100) / 100,
          betterThanPercent: isRanked ? rankIn(grid, value, quantity, rules) : undefined,
          installations: isRanked ? grid.installations : undefined,
        },
      ];
    });
  return {
    async reload() {
      newest = await readRelease(store);
    },
    figures(heatpumpModel, window) {
      const figures = findWindow(heatpumpModel, window)?.figures ?? [];
      return { heatpumpModel, window, figures, releasedAtMs: newest.releasedAtMs };
    },
    async standing(installationId, window) {
      const state = registry.find(installationId);
      if (state === undefined) {
        throw new HeatpoolError("NOT_FOUND", "no installation of that id is known");
      }
      const nowMs = deps.nowMs();
      const own = await readPerformances(store, state, nowMs);
      const ranks = state.models.flatMap(({ heatpumpModel }) =>
        rank(heatpumpModel, window, own(heatpumpModel, window)),
      );
      const earned = earnBadges(badges, {
        rank: (quantity, among) =>
          state.models
            .flatMap(({ heatpumpModel }) => {
              const over = among as PerformanceWindow;
              return rank(heatpumpModel, over, own(heatpumpModel, over));
            })
            .find((one) => one.quantity === quantity)?.betterThanPercent,
        daysWithData: deps.daysWithData(state, nowMs),
      });
      return { window, ranks, badges: earned, releasedAtMs: newest.releasedAtMs };
    },
    async release(nowMs) {
      await sumDays(deps, nowMs);
      const daysWithData = (state: InstallationState) => deps.daysWithData(state, nowMs);
      const windows: ReleasedWindow[] = [];
      for (const heatpumpModel of registry.models().filter((model) => model !== "")) {
        const members = registry.members(heatpumpModel);
        const counting = { rules, daysWithData };
        const { installationIds, numbers } = listMembers(counting, heatpumpModel, members);
        const table = createTable(installationIds.length);
        for (const [place, installationId] of installationIds.entries()) {
          const state = registry.find(installationId);
          if (state === undefined) continue;
          const own = await readPerformances(store, state, nowMs);
          for (const window of WINDOWS) table.put(place, window, own(heatpumpModel, window));
        }
        for (const window of WINDOWS) {
          const before = findWindow(heatpumpModel, window)?.kept ?? {};
          const values = (id: string) => table.values(window, id);
          windows.push({
            heatpumpModel,
            window,
            ...releaseWindow({ values, numbers, before, rules }),
          });
        }
      }
      const release = { releasedAtMs: nowMs, windows };
      await store.putRecord(RECORD, Buffer.from(JSON.stringify(release), "utf8"));
      newest = release;
    },
  };
}

async function readRelease(store: EfficiencyDeps["store"]): Promise<PerformanceRelease> {
  const kept = await store.record(RECORD);
  return kept === undefined ? NEVER : JSON.parse(Buffer.from(kept).toString());
}

/** Values of all members, by window and quantity; NaN where there is none. */
function createTable(members: number) {
  const columns = new Map<string, Float64Array>();
  const column = (window: PerformanceWindow, id: string): Float64Array => {
    const name = `${window} ${id}`;
    const known = columns.get(name) ?? new Float64Array(members).fill(Number.NaN);
    columns.set(name, known);
    return known;
  };
  return {
    put(place: number, window: PerformanceWindow, own: Performance): void {
      for (const [id, value] of own) column(window, id)[place] = value;
    },
    values: column,
  };
}

function releaseWindow(facts: {
  values: (quantity: string) => Float64Array;
  numbers: Uint32Array;
  before: Readonly<Record<string, Figure<Told>>>;
  rules: PrivacyRules;
}): Pick<ReleasedWindow, "figures" | "grids" | "kept"> {
  const { values, numbers, before, rules } = facts;
  const kept: Record<string, Figure<Told>> = { ...before };
  const told = QUANTITIES.flatMap((quantity) => {
    const found = carryOver<Told>({
      values: values(quantity.id),
      numbers,
      before: before[quantity.id],
      compute: (chosen) => {
        const sorted = sortMeans(quantity, chosen);
        const summary = summariseSorted(quantity, sorted, rules);
        if (summary === undefined) return undefined;
        const { metric, ...figures } = summary;
        return {
          figure: { quantity: metric, ...figures },
          grid: toGrid(quantity.id, sorted, rules),
        };
      },
    });
    if (found === undefined) return [];
    kept[quantity.id] = found;
    return [found.figure];
  });
  return {
    figures: told.map((one) => one.figure),
    grids: told.flatMap((one) => one.grid ?? []),
    kept,
  };
}

/** An installation's figures by model and window, from one reading of its days. */
async function readPerformances(
  store: EfficiencyDeps["store"],
  { installationId }: InstallationState,
  nowMs: number,
): Promise<(heatpumpModel: string, window: PerformanceWindow) => Performance> {
  const lastDay = Math.floor(nowMs / DAY_MS) - 1;
  const days: DaySummary[] = [];
  for await (const one of store.days(installationId, lastDay - WINDOW_DAYS["365d"] + 1)) {
    days.push(one);
  }
  return (heatpumpModel, window) => {
    const ofModel = days.filter((one) => one.heatpumpModel === heatpumpModel);
    const devices = [...new Set(ofModel.map((one) => one.deviceId))];
    const all = devices.map((device) => {
      const ours = ofModel.filter((one) => one.deviceId === device);
      return measurePerformance(ours, window, lastDay);
    });
    return meanOf(all);
  };
}

/** Of several machines of one model in one house. */
function meanOf(all: readonly Performance[]): Performance {
  const [first = new Map<string, number>()] = all;
  if (all.length <= 1) return first;
  const means = new Map<string, number>();
  for (const { id } of QUANTITIES) {
    const values = all.flatMap((one) => one.get(id) ?? []);
    if (values.length > 0) means.set(id, values.reduce((sum, one) => sum + one, 0) / values.length);
  }
  return means;
}
