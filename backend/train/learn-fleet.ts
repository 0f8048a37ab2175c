/**
 * From the store to one sum per installation: months that have not changed since they were summed
 * are taken as they are, all others are read and summed anew, a few at a time.
 */
import type { ChannelId } from "#core/anomaly/channel.js";
import { type FeaturePlan, planFor } from "#core/anomaly/feature-plan.js";
import type { Contribution } from "#core/anomaly/normal-model.js";
import { beginStatistics, mergeStatistics, type Statistics } from "#core/anomaly/statistics.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { InstallationState } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { MonthFit, MonthTask } from "./fit-month.js";
import { keepMonth, type MonthPlace, readMonth } from "./kept-months.js";
import type { ModelResult, ModelTask } from "./make-model.js";
import type { Month } from "./month.js";
import type { KeptMonth } from "./month-record.js";
import { readBlocks } from "./read-blocks.js";

/** Does the arithmetic, here or in worker threads. */
export interface Fitter {
  /** Tasks that are done at the same time. */
  readonly size: number;
  fit(task: MonthTask): Promise<MonthFit>;
  /** May take the sums of the task with it: they are not to be looked at after that. */
  make(task: ModelTask): Promise<ModelResult>;
  close(): Promise<void>;
}

export type TrainingStore = Pick<
  SnapshotStore,
  "blocksOfDays" | "devices" | "tables" | "putRecord" | "record" | "recordNames" | "removeRecord"
>;

/** What learning needs. */
export interface LearnDeps {
  readonly store: TrainingStore;
  readonly fitter: Fitter;
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
  /** Nothing is written. */
  readonly isDry: boolean;
}

/** A month of one device, without its sums. */
export interface LearntMonth extends MonthPlace, Pick<KeptMonth, "inputHash" | "facts"> {
  readonly period: Month;
}

/** The sums of a fleet under one plan. */
export interface LearntFleet {
  readonly plan: FeaturePlan;
  readonly channels: readonly ChannelId[];
  readonly months: readonly LearntMonth[];
  /** With those that are not learnt. */
  readonly looked: readonly LearntMonth[];
  readonly contributions: readonly Contribution<Statistics>[];
  /** Installations without a month that can be learnt, and why. */
  readonly unusable: readonly { readonly installationId: string; readonly reason: string }[];
}

interface Work {
  readonly place: MonthPlace;
  readonly period: Month;
}

/** Steps between two words about progress. */
const TELL_EVERY = 50;
/** Distinct days that an installation must have in all months together. */
const DAYS_MIN = 14;

/**
 * Sums all months of these installations.
 *
 * @param heatpumpModels of one for a model of its own, of several for a generic one
 */
export async function learnInstallations(
  deps: LearnDeps,
  members: readonly InstallationState[],
  heatpumpModels: ReadonlySet<string>,
  periods: readonly Month[],
): Promise<LearntFleet> {
  const tables: ChannelTable[] = [];
  for await (const table of deps.store.tables()) tables.push(table);
  const works: Work[] = [];
  for (const state of members) works.push(...(await worksOf(deps, state, heatpumpModels, periods)));
  const facts = new Map<string, LearntMonth[]>();
  // First with all that each has, only to see what most have; sums of the plan then stay.
  await inTurns(deps, works, "read", async (work) => {
    const month = await learnMonth(deps, tables, work, undefined);
    if (month === undefined) return;
    const { inputHash, facts: of } = month;
    const known = facts.get(work.place.installationId) ?? [];
    known.push({ ...work.place, period: work.period, inputHash, facts: of });
    facts.set(work.place.installationId, known);
  });
  const { judged, unusable } = judge(members, facts);
  const channels = chooseChannels(judged);
  const plan = planFor(new Set(channels));
  const wanted = new Set(channels);
  const contributions: Contribution<Statistics>[] = [];
  const sums = new Map<string, { readonly name: string; readonly statistics: Statistics }[]>();
  const usable = judged.filter(({ channels: has }) => channels.every((id) => has.has(id)));
  for (const { installationId, channels: has } of judged) {
    const lacks = channels.filter((id) => !has.has(id));
    if (lacks.length > 0)
      unusable.push({ installationId, reason: `lacks ${lacks.join(", ")} of the plan` });
  }
  const months = usable.flatMap((one) => one.months).filter(isLearnt);
  await inTurns(deps, months, "sum", async (one) => {
    const month = await learnMonth(deps, tables, { place: one, period: one.period }, [...wanted]);
    if (month === undefined || !("statistics" in month)) return;
    if (month.statistics.planId !== plan.planId) return;
    const known = sums.get(one.installationId) ?? [];
    sums.set(one.installationId, known);
    known.push({ name: nameOf(one), statistics: month.statistics });
  });
  for (const { installationId } of usable) {
    const own = sums.get(installationId);
    if (own === undefined) continue;
    // Workers finish in any order; sums of floating point numbers remember theirs.
    own.sort((a, b) => (a.name < b.name ? -1 : 1));
    const statistics = own
      .map((one) => one.statistics)
      .reduce(mergeStatistics, beginStatistics(plan));
    contributions.push({ installationId, statistics });
  }
  const looked = sortMonths([...facts.values()].flat());
  return { plan, channels, months: sortMonths(months), looked, contributions, unusable };
}

function isLearnt({ facts }: LearntMonth): boolean {
  return facts.reasons.length === 0;
}

async function worksOf(
  { store }: LearnDeps,
  { installationId, models }: InstallationState,
  heatpumpModels: ReadonlySet<string>,
  periods: readonly Month[],
): Promise<Work[]> {
  const own = models.map((one) => one.heatpumpModel).filter((one) => heatpumpModels.has(one));
  const devices = await store.devices(installationId);
  return periods.flatMap((period) =>
    devices.flatMap((deviceId) =>
      own.map((heatpumpModel) => ({
        place: { installationId, deviceId, heatpumpModel, month: period.name },
        period,
      })),
    ),
  );
}

/** A month as it is kept, or summed now. `undefined`: there are no blocks of it. */
async function learnMonth(
  { store, fitter, isDry, signal }: LearnDeps,
  tables: readonly ChannelTable[],
  { place, period }: Work,
  channels: readonly ChannelId[] | undefined,
): Promise<KeptMonth | UnreadableMonth | undefined> {
  const { fromDay, toDay } = period;
  const source = { ...place, fromDay: fromDay - 1, toDay };
  const read = await readBlocks(store, tables, source);
  if (read === undefined) return undefined;
  const kept = await readMonth(store, place);
  const isFresh = kept?.inputHash === read.hash;
  if (isFresh && (channels === undefined || isSameSet(kept.channels, channels))) return kept;
  const fit = await fitter.fit({ ...read, fromDay, toDay, channels }).catch((fault: unknown) => {
    signal.throwIfAborted();
    return unreadable(fault);
  });
  if (!("statistics" in fit)) return { ...fit, inputHash: read.hash };
  if (fit.facts.rows === 0) return undefined;
  const month = { ...fit, inputHash: read.hash };
  if (!isDry) await keepMonth(store, place, month);
  return month;
}

/** A month that cost its worker the life, or whose blocks are damaged. */
type UnreadableMonth = Pick<KeptMonth, "inputHash" | "facts">;

/** One installation's month is left out; everybody else's model does not wait for it. */
function unreadable(fault: unknown): Pick<UnreadableMonth, "facts"> {
  const detail = fault instanceof Error ? fault.message : String(fault);
  const reason = "a month cannot be read";
  return {
    facts: {
      ...{ readings: 0, rows: 0, steadyRows: 0, heatingRows: 0, days: 0, channels: [] },
      ...{ reasons: [reason], faults: [{ kind: "unreadable", channel: "", detail, reason }] },
    },
  };
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}

interface Judged {
  readonly installationId: string;
  readonly months: readonly LearntMonth[];
  readonly channels: ReadonlySet<ChannelId>;
}

function judge(
  members: readonly InstallationState[],
  facts: ReadonlyMap<string, readonly LearntMonth[]>,
): { judged: Judged[]; unusable: { installationId: string; reason: string }[] } {
  const judged: Judged[] = [];
  const unusable: { installationId: string; reason: string }[] = [];
  for (const { installationId } of members) {
    const months = sortMonths(facts.get(installationId) ?? []);
    const good = months.filter(isLearnt);
    const days = good.reduce((sum, one) => sum + one.facts.days, 0);
    const [first] = months.flatMap((one) => one.facts.reasons);
    if (months.length === 0) unusable.push({ installationId, reason: "no readings" });
    else if (good.length === 0) unusable.push({ installationId, reason: first ?? "no rows" });
    else if (days < DAYS_MIN)
      unusable.push({ installationId, reason: `fewer than ${DAYS_MIN} days` });
    else {
      const channels = new Set(good.flatMap((one) => one.facts.channels));
      judged.push({ installationId, months, channels });
    }
  }
  return { judged, unusable };
}

/** The channels that fill a plan for the most installations; of equals the richest. */
function chooseChannels(judged: readonly Judged[]): ChannelId[] {
  const sets = new Map<string, ReadonlySet<ChannelId>>();
  for (const { channels } of judged) sets.set([...channels].sort(byText).join(" "), channels);
  let best: { count: number; channels: ChannelId[] } = { count: 0, channels: [] };
  for (const name of [...sets.keys()].sort(byText)) {
    const channels = [...(sets.get(name) ?? [])];
    const count = judged.filter((one) => channels.every((id) => one.channels.has(id))).length;
    const isMore = count > best.count;
    if (isMore || (count === best.count && channels.length > best.channels.length))
      best = { count, channels };
  }
  return best.channels;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function sortMonths(months: readonly LearntMonth[]): LearntMonth[] {
  return [...months].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ installationId, month, deviceId, heatpumpModel }: MonthPlace): string {
  return `${installationId} ${month} ${deviceId} ${heatpumpModel}`;
}

/** As many at once as the fitter takes; the order of what comes out is sorted by who asks. */
async function inTurns<Item>(
  { fitter, onProgress, signal }: LearnDeps,
  items: readonly Item[],
  what: string,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  let done = 0;
  const turn = async (): Promise<void> => {
    while (next < items.length && !signal.aborted) {
      const item = items[next++];
      if (item !== undefined) await work(item);
      done++;
      if (done % TELL_EVERY === 0 || done === items.length)
        onProgress(`${what}: ${done} of ${items.length} months`);
    }
  };
  await Promise.all(Array.from({ length: fitter.size }, turn));
  signal.throwIfAborted();
}
