/**
 * What differs between one process and several: who keeps the rollups, who does what must be done
 * once, and how the others hear of it.
 *
 * One process keeps its rollups as it takes batches. Of several, the one that leads keeps them,
 * from the journal of all; the others answer from what it released.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { runRollupFollower } from "../aggregate/follow-rollups.js";
import {
  emptyRollups,
  type RollupSources,
  restoreRollups,
  runRollupSnapshots,
} from "../aggregate/keep-rollups.js";
import { saveRollups } from "../aggregate/rollup-file.js";
import type { Rollups } from "../aggregate/rollups.js";
import { openColumnReserve } from "../registry/column-reserve.js";
import { dayOf } from "../registry/day-bitmap.js";
import { createStateFollower, runStateFollower } from "../registry/follow-states.js";
import { runLeader } from "../registry/postgres-leader.js";
import { createPostgresNotices } from "../registry/postgres-notices.js";
import type { Registry } from "../registry/registry.js";
import type { Engines, SharedEngines } from "./engines.js";

/** What the process does with the others, or alone. */
export interface Processes {
  /** Columns that nobody else gives out; left out: there is nobody else. */
  readonly takeColumn: (() => number) | undefined;
  /** Begins to keep rollups; to be called once, when the registry is read. */
  openRollups(columnOf: RollupSources["columnOf"]): Promise<KeptHere>;
  /** @throws HeatpoolError `SUPERSEDED` another process does what is done once */
  demandLeader(): void;
  /** Tells the others, and does not wait for them. */
  tell(topic: Topic, text?: string): Promise<void>;
  /** Lives until the signal. */
  run(joined: Joined, signal: AbortSignal): Promise<void>;
}

/** What the others have to hear. */
type Topic = "erased" | "released" | "identity";

/** Rollups, where they are kept here. */
export interface KeptHere {
  readonly parts: ReturnType<typeof emptyRollups>["parts"];
  /** For ingest and erasure. */
  readonly taken: Pick<Rollups, "apply" | "zero">;
  /** To read from. */
  current(): Rollups;
  save(): Promise<void>;
}

/** The rooms, when they are built. */
export interface Joined {
  readonly registry: Registry;
  readonly isDelivering: (installationId: string) => boolean;
  /** Reads what another process released, and who enrolled there. */
  readonly reload: () => Promise<void>;
  readonly reloadIdentity: (installationId: string) => Promise<void>;
  /** What one process does for all, until its signal. */
  readonly once: (signal: AbortSignal) => Promise<void>;
}

/** What processes are opened with. */
export interface ProcessParts {
  readonly engines: Engines;
  readonly rollupsFile: string;
  readonly clock: Clock;
  readonly onEvent: (event: string) => void;
  readonly onFault: (fault: unknown) => void;
}

/** Blocks that begin so long ago hold nothing of the last 48 hours. */
const ROLLUP_DAYS = 4;

export async function openProcesses(parts: ProcessParts): Promise<Processes> {
  const { shared } = parts.engines;
  return shared === undefined ? alone(parts) : await amongOthers(parts, shared);
}

function alone({ engines, rollupsFile: file, clock, onFault }: ProcessParts): Processes {
  const { store } = engines;
  let kept = emptyRollups();
  return {
    takeColumn: undefined,
    async openRollups(columnOf) {
      kept = await restoreRollups({ store, columnOf, file });
      const { rollups, parts } = kept;
      const save = async (): Promise<void> => void (await saveRollups(file, rollups.state));
      return { parts, taken: rollups, current: () => rollups, save };
    },
    demandLeader: () => undefined,
    tell: async () => undefined,
    run: ({ once }, signal) =>
      runTogether(
        [
          once,
          (until) =>
            runRollupSnapshots({ rollups: kept.rollups, store, file, clock, onFault }, until),
        ],
        signal,
      ),
  };
}

async function amongOthers(
  { clock, onEvent, onFault }: ProcessParts,
  { store, database, tombstones }: SharedEngines,
): Promise<Processes> {
  const from = store.committedThrough;
  const notices = createPostgresNotices(database, clock);
  const takeColumn = await openColumnReserve(store.reserveColumns);
  let kept = emptyRollups();
  let columnOf: RollupSources["columnOf"] = () => undefined;
  let isLeader = false;
  const zero = (column: number): void => kept.rollups.zero(column);
  return {
    takeColumn,
    async openRollups(find) {
      columnOf = find;
      const apply = (): void => undefined;
      const { parts } = kept;
      return {
        parts,
        taken: { apply, zero },
        current: () => kept.rollups,
        save: async () => undefined,
      };
    },
    demandLeader() {
      if (isLeader) return;
      throw new HeatpoolError("SUPERSEDED", "another process of this backend does this", {
        hint: "Ask the process whose log says backend.leads last.",
      });
    },
    tell: (topic, text = "") => notices.publish({ topic, text }),
    async run({ registry, isDelivering, reload, reloadIdentity, once }, signal) {
      const onGone = (columns: readonly number[]): void => columns.forEach(zero);
      const follower = createStateFollower({ store, registry, isDelivering, onGone }, from);
      const attempt = (work: Promise<unknown>): void => void work.catch(onFault);
      notices.onGap(() => attempt(Promise.all([follower.compare(), tombstones.look(), reload()])));
      notices.subscribe(({ topic, text }) => {
        if (topic === "released") attempt(reload());
        if (topic === "identity") attempt(reloadIdentity(text));
        if (topic !== "erased") return;
        follower.forget(text);
        attempt(tombstones.look());
      });
      const work = async (until: AbortSignal): Promise<void> => {
        const through = await follower.look();
        const day = dayOf(clock.nowMs()) - ROLLUP_DAYS;
        const recent = { through, blocks: () => store.blocksSince(day, through) };
        const sources = { store, columnOf, recent };
        kept = await restoreRollups(sources);
        const follow = { kept, sources, look: follower.look, clock, onFault };
        await runTogether([once, (end) => runRollupFollower(follow, end)], until);
      };
      const onChange = (leads: boolean): void => {
        isLeader = leads;
        onEvent(leads ? "backend.leads" : "backend.follows");
      };
      await runTogether(
        [
          (until) => notices.run(until),
          (until) => runStateFollower({ follower, clock, onFault }, until),
          (until) => runLeader({ database, clock, work, onChange, onFault }, until),
        ],
        signal,
      );
    },
  };
}

/** Resolves when every one has ended; the first that fails ends the others. */
export async function runTogether(
  runs: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const ending = new AbortController();
  const all = runs.map((run) => run(AbortSignal.any([signal, ending.signal])));
  for (const one of all) one.catch(() => ending.abort());
  await Promise.allSettled(all);
  await Promise.all(all);
}
