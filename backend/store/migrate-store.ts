/**
 * Moves everything from one snapshot store to another, an installation at a time.
 *
 * It may be ended at any moment and begun again: what is whole stays, the one installation that was
 * not is removed and copied anew. Until it is finished the new store says so, and no backend serves
 * from it. The old store is only read. At the end both are read back and counted.
 */
import { HeatpoolError } from "#core/errors.js";
import type { InstallationState } from "../registry/registry.js";
import { ERASURES, PLACE } from "./series-feed.js";
import type { SnapshotStore, StoreCount, StoreTotals } from "./snapshot-store.js";

/** What both stores hold, counted by reading back. */
export interface MigrationCounts extends StoreCount {
  readonly installations: number;
  readonly losses: number;
  readonly deadLetters: number;
  /** Sums of days. */
  readonly days: number;
}

/** What came of it. */
export interface MigrationReport {
  readonly before: MigrationCounts;
  readonly after: MigrationCounts;
  /** Copied by this run; the others were there from an earlier one. */
  readonly copied: number;
}

/** Record of a store that is being filled. */
export const UNFINISHED = "migration/unfinished";
const DONE = "migration/done/";

/** Commits on their way at once. */
const PUTS_MAX = 256;

/** @throws HeatpoolError `STORE_FAILED`, `STORE_DAMAGED` the new store holds something else */
export async function migrateStore(options: {
  readonly from: SnapshotStore;
  readonly to: SnapshotStore;
  readonly onProgress?: (done: number) => void;
}): Promise<MigrationReport> {
  const { from, to, onProgress } = options;
  const before = await countStore(from);
  await demandFree(from, to);
  await to.putRecord(UNFINISHED, new Uint8Array(0));
  let copied = 0;
  let newest: InstallationState | undefined;
  const letters = await lettersByInstallation(from);
  for await (const state of from.installations()) {
    newest = state;
    const name = `${DONE}${state.installationId}`;
    if ((await to.record(name)) !== undefined) continue;
    if ((await to.installation(state.installationId)) !== undefined) {
      await to.erase(state.installationId);
    }
    await copyInstallation(from, to, state, letters.get(state.installationId) ?? []);
    await to.putRecord(name, new Uint8Array(0));
    copied++;
    onProgress?.(copied);
  }
  await copyRest(from, to, newest);
  const after = await countStore(to);
  demandEqual(before, after);
  for (const name of await to.recordNames(DONE)) await to.removeRecord(name);
  await to.removeRecord(UNFINISHED);
  return { before, after, copied };
}

/** @throws HeatpoolError `CONFIG_INVALID` a migration into this store was not finished */
export async function demandFinished(store: Pick<SnapshotStore, "record">): Promise<void> {
  if ((await store.record(UNFINISHED)) === undefined) return;
  throw new HeatpoolError("CONFIG_INVALID", "a migration into this store is not finished", {
    hint: "Run `heatpool-backend migrate` again; it goes on where it was.",
  });
}

/** What is there already must be ours: of an earlier run. */
async function demandFree(from: SnapshotStore, to: SnapshotStore): Promise<void> {
  if ((await to.record(UNFINISHED)) !== undefined) return;
  for await (const { installationId } of to.installations()) {
    const isSame = (await from.installation(installationId)) !== undefined;
    const what = isSame ? "was migrated already, or is in use" : "holds other installations";
    throw new HeatpoolError("STATE_INVALID", `the new store ${what}`, {
      hint: "Migrate into an empty database.",
    });
  }
}

async function copyInstallation(
  from: SnapshotStore,
  to: SnapshotStore,
  state: InstallationState,
  letters: readonly DeadLetterOf[],
): Promise<void> {
  const { installationId } = state;
  await to.claim(installationId);
  let puts: Promise<unknown>[] = [];
  const put = async (commit: Omit<Parameters<SnapshotStore["put"]>[0], "installation">) => {
    puts.push(to.put({ installation: state, ...commit }));
    if (puts.length < PUTS_MAX) return;
    const all = puts;
    puts = [];
    await Promise.all(all);
  };
  await put({});
  for await (const { epoch, digests } of from.positions(installationId)) {
    await put({ epochs: [epoch] });
    const { epochId } = epoch;
    for (const one of digests) await put({ digest: { epochId, ...one } });
  }
  for await (const block of from.blocks(installationId)) await put({ block });
  const days = [];
  for await (const day of from.days(installationId, 0)) days.push(day);
  for (let at = 0; at < days.length; at += PUTS_MAX) {
    await to.putDays(installationId, days.slice(at, at + PUTS_MAX));
  }
  for await (const loss of from.losses(installationId)) await put({ losses: [loss] });
  for (const deadLetter of letters) await put({ deadLetter });
  await Promise.all(puts);
}

type DeadLetterOf = NonNullable<Parameters<SnapshotStore["put"]>[0]["deadLetter"]>;

async function lettersByInstallation(from: SnapshotStore): Promise<Map<string, DeadLetterOf[]>> {
  const letters = new Map<string, DeadLetterOf[]>();
  for await (const letter of from.deadLetters()) {
    const mine = letters.get(letter.installationId) ?? [];
    letters.set(letter.installationId, mine);
    mine.push(letter);
  }
  return letters;
}

/** Tables, counters and named records; places in the old journal mean nothing in the new one. */
async function copyRest(
  from: SnapshotStore,
  to: SnapshotStore,
  newest: InstallationState | undefined,
): Promise<void> {
  for (const name of await from.recordNames("")) {
    const isOwn = name === PLACE || name.startsWith(ERASURES) || name.startsWith("migration/");
    const bytes = isOwn ? undefined : await from.record(name);
    if (bytes !== undefined) await to.putRecord(name, bytes);
  }
  if (newest === undefined) return;
  await to.claim(newest.installationId);
  for await (const table of from.tables()) await to.put({ installation: newest, table });
  await to.put({ installation: newest, counts: difference(from.totals(), to.totals()) });
}

function difference(wanted: StoreTotals, found: StoreTotals): StoreTotals {
  const names = Object.keys(wanted) as (keyof StoreTotals)[];
  const rest = names.map((name) => [name, wanted[name] - found[name]] as const);
  return Object.fromEntries(rest) as Record<keyof StoreTotals, number>;
}

async function countStore(store: SnapshotStore): Promise<MigrationCounts> {
  const found = { installations: 0, losses: 0, deadLetters: 0, days: 0 };
  for await (const { installationId } of store.installations()) {
    found.installations++;
    for await (const _ of store.losses(installationId)) found.losses++;
    for await (const _ of store.days(installationId, 0)) found.days++;
  }
  for await (const _ of store.deadLetters()) found.deadLetters++;
  return { ...found, ...(await store.count()) };
}

function demandEqual(before: MigrationCounts, after: MigrationCounts): void {
  const names = Object.keys(before) as (keyof MigrationCounts)[];
  const other = names.filter((name) => before[name] !== after[name]);
  if (other.length === 0) return;
  const what = other.map((name) => `${name}: ${before[name]} before, ${after[name]} after`);
  throw new HeatpoolError("STORE_DAMAGED", `counts differ: ${what.join("; ")}`, {
    hint: "The old store is as it was; migrate into an empty database.",
  });
}
