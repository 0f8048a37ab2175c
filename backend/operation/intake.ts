/**
 * What passes through ingest, told to whoever counts: decided batches, refusals, losses, durable
 * writes. Nothing is changed on the way, and listeners learn of no installation.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";
import { HeatpoolError } from "#core/errors.js";
import type {
  Decision,
  Delivery,
  IncomingBatch,
  Ingest,
  Introduction,
  ReportedLoss,
  RetractedBatch,
  Retraction,
} from "../ingest/ingest.js";
import type { Commit, SnapshotStore } from "../store/snapshot-store.js";

/** A batch that was decided. */
export interface DecidedFacts {
  readonly heatpumpModel: string;
  readonly admitted: number;
  readonly duplicate: number;
  readonly rejected: readonly { readonly reason: string; readonly snapshots: number }[];
}

/** A block that became durable. */
export interface StoredFacts {
  readonly heatpumpModel: string;
  readonly snapshots: number;
  readonly readings: number;
  /** Readings that its channel table promises. */
  readonly promised: number;
  /** Between the measurement of its last row and the receipt. */
  readonly lagMs: number;
}

/** Somebody who counts. */
export interface IntakeListener {
  decided?(facts: DecidedFacts): void;
  stored?(facts: StoredFacts): void;
  /** A batch, or its delivery, was not decided and may come again. */
  refused?(code: string): void;
  lost?(snapshots: number): void;
  /** A durable write took so long. */
  committed?(durationMs: number): void;
}

/** What is told to all of `listeners`. */
function tellAll(listeners: readonly IntakeListener[]): Required<IntakeListener> {
  return {
    decided(facts) {
      for (const one of listeners) one.decided?.(facts);
    },
    stored(facts) {
      for (const one of listeners) one.stored?.(facts);
    },
    refused(code) {
      for (const one of listeners) one.refused?.(code);
    },
    lost(snapshots) {
      for (const one of listeners) one.lost?.(snapshots);
    },
    committed(durationMs) {
      for (const one of listeners) one.committed?.(durationMs);
    },
  };
}

/** The same ingest, with listeners. */
export function watchIngest(ingest: Ingest, listeners: readonly IntakeListener[]): Ingest {
  const all = tellAll(listeners);
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof HeatpoolError) all.refused(error.code);
      throw error;
    }
  };
  const tell = { ...all, watched };
  return {
    async open(introduction) {
      return new ToldDelivery(await watched(ingest.open(introduction)), introduction, tell);
    },
  };
}

interface Told extends Required<IntakeListener> {
  watched<T>(work: Promise<T>): Promise<T>;
}

/** A class, so that one of thousands that are open and idle has no functions of its own. */
class ToldDelivery implements Delivery {
  readonly #delivery: Delivery;
  readonly #introduction: Introduction;
  readonly #tell: Told;

  constructor(delivery: Delivery, introduction: Introduction, tell: Told) {
    this.#delivery = delivery;
    this.#introduction = introduction;
    this.#tell = tell;
  }

  get ackedThrough(): readonly number[] {
    return this.#delivery.ackedThrough;
  }

  get unknownTables(): readonly Uint8Array[] {
    return this.#delivery.unknownTables;
  }

  get lossAckedThrough(): number {
    return this.#delivery.lossAckedThrough;
  }

  learnTable(table: ChannelTable): Promise<void> {
    return this.#tell.watched(this.#delivery.learnTable(table));
  }

  async take(batch: IncomingBatch): Promise<Decision> {
    const decision = await this.#tell.watched(this.#delivery.take(batch));
    const { admitted, duplicate, outcomes: rejected } = decision;
    const heatpumpModel = this.#introduction.devices[batch.device]?.heatpumpModel ?? "";
    this.#tell.decided({ heatpumpModel, admitted, duplicate, rejected });
    return decision;
  }

  async takeLosses(losses: readonly ReportedLoss[]): Promise<number> {
    const before = this.#delivery.lossAckedThrough;
    const through = await this.#tell.watched(this.#delivery.takeLosses(losses));
    // What was known before came again.
    const fresh = losses.filter(({ number }) => number > before);
    this.#tell.lost(fresh.reduce((sum, { snapshots }) => sum + snapshots, 0));
    return through;
  }

  takeBack(batch: RetractedBatch): Promise<Retraction> {
    return this.#tell.watched(this.#delivery.takeBack(batch));
  }

  close(): void {
    this.#delivery.close();
  }
}

/** The same store, whose writes are told. Reads the tables that are known. */
export async function watchStore<Store extends SnapshotStore>(
  store: Store,
  listeners: readonly IntakeListener[],
  monotonicMs: () => number,
): Promise<Store> {
  const tell = tellAll(listeners);
  const channels = new Map<string, number>();
  const learn = ({ id, channels: all }: ChannelTable) => channels.set(hex(id), all.length);
  for await (const table of store.tables()) learn(table);
  const put = async (commit: Commit): Promise<number> => {
    const fromMs = monotonicMs();
    const number = await store.put(commit);
    tell.committed(monotonicMs() - fromMs);
    if (commit.table !== undefined) learn(commit.table);
    if (commit.block !== undefined) tell.stored(toFacts(commit.block, channels));
    return number;
  };
  // Everything else is the store's own: as its prototype it keeps its getters alive.
  return Object.assign(Object.create(store) as Store, { put });
}

function toFacts(
  { heatpumpModel, batch, receivedAtMs, lastMs }: NonNullable<Commit["block"]>,
  channels: ReadonlyMap<string, number>,
): StoredFacts {
  const { rows: snapshots, readings, tableId } = batch;
  const promised = snapshots * (channels.get(hex(tableId)) ?? 0);
  const lagMs = Math.max(0, receivedAtMs - lastMs);
  return { heatpumpModel, snapshots, readings, promised: Math.max(promised, readings), lagMs };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
