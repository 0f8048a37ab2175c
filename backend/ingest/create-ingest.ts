/**
 * Ingest: opens deliveries, and keeps what the streams of one installation share.
 *
 * The same path for every door: introduction checked, tables learnt, batches decided in order,
 * written, applied to registry and rollups, and only then answered.
 */
import { CHANNELS_MAX, type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { PartBuilder } from "../aggregate/rollup-part.js";
import type { Rollups } from "../aggregate/rollups.js";
import type { Registry } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { createChains } from "./chains.js";
import { type MarkDay, newInstallation } from "./contribution.js";
import { createBlockDecider } from "./decide-block.js";
import { type DeliveryDeps, type Stream, takeBatch } from "./delivery.js";
import type {
  Decision,
  Delivery,
  IncomingBatch,
  Ingest,
  Introduction,
  ReportedLoss,
  RetractedBatch,
  Retraction,
} from "./ingest.js";
import {
  createPutCommit,
  demandSound,
  findEpoch,
  type InstallationWork,
} from "./installation-work.js";
import { checkIntroduction } from "./introduction.js";
import { takeLosses } from "./losses.js";
import { QUOTA_DEFAULTS, type QuotaLimits } from "./quota.js";
import { createQuotaBook } from "./quota-book.js";
import { type FindMetric, planTable, type TablePlan } from "./table-plan.js";
import { takeBack } from "./take-back.js";
import { createWorks } from "./works.js";

/** What ingest works with. */
export interface IngestDeps {
  readonly store: SnapshotStore;
  readonly registry: Registry;
  readonly rollups: Pick<Rollups, "apply">;
  readonly parts: PartBuilder;
  readonly clock: Clock;
  /** The metric catalogue. */
  readonly findMetric: FindMetric;
  /** The registry's way of remembering days. */
  readonly markDay: MarkDay;
  /** Read at every batch; left out: the defaults. */
  readonly limits?: QuotaLimits;
  /** What was measured before it is not kept; left out: everything that is taken is. */
  readonly keptFromMs?: (nowMs: number) => number;
  /** Whether an installation was erased: nothing of it is taken any more. */
  readonly isErased?: (installationId: string) => boolean;
  /** Memory for the state that streams carry, of all together. */
  readonly chainBytesMax?: number;
}

/** Ingest, and the hand that keeps an installation out of it. */
export interface HeldIngest extends Ingest {
  /** Whether an installation delivers right now. */
  isDelivering(installationId: string): boolean;
  /**
   * Works while nothing of an installation is written and nobody delivers for it. Streams that are
   * open have to connect again.
   *
   * @throws HeatpoolError `UNAVAILABLE` it is kept out already
   */
  keepOut<T>(installationId: string, work: () => Promise<T>): Promise<T>;
}

/** Reads the known tables, then takes deliveries. */
export async function createIngest(deps: IngestDeps): Promise<HeldIngest> {
  const { store, registry, clock, findMetric } = deps;
  const limits = deps.limits ?? QUOTA_DEFAULTS;
  const plans = new Map<string, TablePlan>();
  for await (const table of store.tables()) {
    plans.set(hex(table.id), { ...planTable(table, findMetric), isStored: true });
  }
  const works = createWorks(async (id) => {
    const state = (await store.claim(id)) ?? newInstallation(id, clock.nowMs());
    const quota = quotas.of(id);
    return { state, epochs: new Map(), quota, tail: Promise.resolve(), failed: false };
  });
  const quotas = createQuotaBook(limits, () => clock.monotonicMs(), works.has);
  const shared: DeliveryDeps = {
    ...deps,
    plans,
    put: createPutCommit(store, registry, works.drop),
    decide: createBlockDecider(deps.keptFromMs ?? (() => Number.NEGATIVE_INFINITY)),
    chains: createChains(deps.chainBytesMax),
    nowMs: () => clock.nowMs(),
  };

  const held = new Set<string>();
  let streams = 0;
  return {
    async open(introduction) {
      checkIntroduction(introduction);
      const id = introduction.installationId;
      // Another process took it over meanwhile: what is known here is old.
      if (works.has(id) && !(await store.isClaimed(id))) await works.end(id);
      demandWelcome(id, held, deps.isErased);
      const { work, leave } = works.enter(id);
      try {
        const found = await work;
        const epochs = [];
        for (const { epochId } of introduction.epochs) {
          epochs.push(await findEpoch(found, epochId, store));
        }
        await introduce(shared, found, introduction);
        // What the stream before this one took is durable before we say where everything stands.
        await found.tail;
        demandSound(found);
        const stream = { number: ++streams, introduction, work: found, epochs };
        return new StreamDelivery(shared, stream, findMetric, leave);
      } catch (cause) {
        leave();
        throw cause;
      }
    },
    isDelivering: works.has,
    async keepOut(id, work) {
      if (held.has(id)) throw new HeatpoolError("UNAVAILABLE", "this is being done already");
      held.add(id);
      try {
        await works.end(id);
        return await work();
      } finally {
        held.delete(id);
      }
    },
  };
}

function demandWelcome(
  id: string,
  held: ReadonlySet<string>,
  isErased: IngestDeps["isErased"],
): void {
  if (isErased?.(id) === true) {
    throw new HeatpoolError("PERMISSION_DENIED", "this installation was erased at its wish", {
      hint: "To share again, begin with a new installation id.",
    });
  }
  if (held.has(id)) {
    throw new HeatpoolError("UNAVAILABLE", "this installation's data are being removed");
  }
}

/** Notes what the sender says about itself, when it is something new. */
async function introduce(
  { put }: DeliveryDeps,
  work: InstallationWork,
  { daemonVersion, consentVersion, consentScopes }: Introduction,
): Promise<void> {
  const { state } = work;
  const isKnown =
    state.daemonVersion === daemonVersion &&
    state.consentVersion === consentVersion &&
    state.consentScopes.join() === consentScopes.join();
  if (isKnown) return;
  work.state = { ...state, daemonVersion, consentVersion, consentScopes: [...consentScopes] };
  await put(work, {}, () => undefined);
}

const ANSWERED: Promise<unknown> = Promise.resolve();

/** A class, so that one of thousands that are open and idle has no functions of its own. */
class StreamDelivery implements Delivery {
  readonly #deps: DeliveryDeps;
  readonly #stream: Stream;
  readonly #findMetric: FindMetric;
  readonly #onClose: () => void;
  #answered = ANSWERED;

  constructor(deps: DeliveryDeps, stream: Stream, findMetric: FindMetric, onClose: () => void) {
    this.#deps = deps;
    this.#stream = stream;
    this.#findMetric = findMetric;
    this.#onClose = onClose;
  }

  get ackedThrough(): readonly number[] {
    return this.#stream.epochs.map((one) => one.ackedThrough);
  }

  get unknownTables(): readonly Uint8Array[] {
    const { plans } = this.#deps;
    return this.#declared.filter((id) => !plans.has(id)).map((id) => Buffer.from(id, "hex"));
  }

  get lossAckedThrough(): number {
    return this.#stream.work.state.lossAckedThrough;
  }

  async learnTable(table: ChannelTable): Promise<void> {
    const { plans } = this.#deps;
    const id = hex(table.id);
    checkTable(table, this.#declared);
    if (plans.has(id)) return;
    plans.set(id, planTable(createChannelTable(table.channels), this.#findMetric));
  }

  async take(batch: IncomingBatch): Promise<Decision> {
    const result = takeBatch(this.#deps, this.#stream, batch);
    const before = this.#answered;
    this.#answered = result.catch(() => undefined);
    await before;
    return await result;
  }

  takeLosses(losses: readonly ReportedLoss[]): Promise<number> {
    return takeLosses(this.#deps, this.#stream.work, losses);
  }

  async takeBack(batch: RetractedBatch): Promise<Retraction> {
    const epoch = this.#stream.epochs[batch.epoch];
    if (epoch === undefined) {
      throw new HeatpoolError("INVALID_ARGUMENT", `epoch ${batch.epoch} was not declared`);
    }
    return await takeBack(this.#deps, this.#stream.work, epoch, batch);
  }

  close(): void {
    this.#deps.chains.forget(this.#stream.number);
    this.#onClose();
  }

  /** Ids of the tables that the introduction names, each once. */
  get #declared(): string[] {
    const { devices } = this.#stream.introduction;
    return [...new Set(devices.map((one) => hex(one.tableId)))];
  }
}

function checkTable(table: ChannelTable, declared: readonly string[]): void {
  const id = hex(table.id);
  const { length } = table.channels;
  if (length === 0 || length > CHANNELS_MAX) {
    throw new HeatpoolError("INVALID_ARGUMENT", `table ${id}: ${length} channels`);
  }
  if (hex(createChannelTable(table.channels).id) !== id) {
    throw new HeatpoolError("INVALID_ARGUMENT", `table ${id}: its channels have another id`);
  }
  if (!declared.includes(id)) {
    throw new HeatpoolError("INVALID_ARGUMENT", `table ${id} was not declared`);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
