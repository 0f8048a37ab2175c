/**
 * One stream's delivery: takes batches in strict order per epoch and answers when they are durable.
 *
 * Everything up to the call of the store happens at once, so batches are decided in call order
 * however many are on their way.
 */
import { HeatpoolError } from "#core/errors.js";
import type { PartBuilder } from "../aggregate/rollup-part.js";
import type { Rollups } from "../aggregate/rollups.js";
import type { Registry } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { readCheck, toCommit } from "./batch-commit.js";
import type { Chains } from "./chains.js";
import { addDecision, type MarkDay } from "./contribution.js";
import { type BlockDecision, type DecideBlock, refuseAll } from "./decide-block.js";
import { type EpochWork, takeNext } from "./epoch-work.js";
import type { Decision, DeclaredDevice, IncomingBatch, Introduction } from "./ingest.js";
import { demandSound, type InstallationWork, type PutCommit } from "./installation-work.js";
import type { TablePlan } from "./table-plan.js";

/** Heat pump models of one installation; each has a column in the rollups. */
const MODELS_MAX = 16;

/** What all deliveries share. */
export interface DeliveryDeps {
  readonly store: SnapshotStore;
  readonly registry: Registry;
  readonly rollups: Pick<Rollups, "apply">;
  readonly parts: PartBuilder;
  readonly put: PutCommit;
  readonly decide: DecideBlock;
  readonly chains: Chains;
  readonly markDay: MarkDay;
  readonly nowMs: () => number;
  /** Known tables by hexadecimal id. */
  readonly plans: Map<string, TablePlan>;
}

/** One stream. */
export interface Stream {
  /** Its place among all streams, for the state that it carries. */
  readonly number: number;
  readonly introduction: Introduction;
  readonly work: InstallationWork;
  /** In the order of the introduction. */
  readonly epochs: readonly EpochWork[];
}

/** Decides one batch; see `Delivery.take`. */
export async function takeBatch(
  deps: DeliveryDeps,
  stream: Stream,
  incoming: IncomingBatch,
): Promise<Decision> {
  const { introduction, work, epochs } = stream;
  demandSound(work);
  const epoch = epochs[incoming.epoch];
  if (epoch === undefined) {
    throw new HeatpoolError("INVALID_ARGUMENT", `epoch ${incoming.epoch} was not declared`);
  }
  const cost = { snapshots: incoming.rows, bytes: incoming.block.length };
  work.quota.check(cost);
  if (incoming.sequence <= epoch.takenThrough) {
    work.quota.spend(cost);
    return await takeRepeat(deps, work, epoch, incoming);
  }
  if (incoming.sequence !== epoch.takenThrough + 1) {
    const what = `batch ${incoming.sequence} came, ${epoch.takenThrough + 1} is next`;
    throw new HeatpoolError("BATCH_GAP", what);
  }
  const plan = findPlan(deps, introduction, incoming);
  work.quota.spend(cost);
  return await takeNew(deps, stream, epoch, incoming, plan);
}

async function takeNew(
  deps: DeliveryDeps,
  { introduction, work, number }: Stream,
  epoch: EpochWork,
  incoming: IncomingBatch,
  plan: TablePlan | undefined,
): Promise<Decision> {
  const nowMs = deps.nowMs();
  const device = introduction.devices[incoming.device];
  const decision =
    device === undefined || plan === undefined
      ? refuseAll(incoming, "UNDECLARED", `device ${incoming.device} was not declared`)
      : decideInChain(deps, number, incoming, device, plan, nowMs);
  const heatpumpModel = device?.heatpumpModel ?? "";
  const { admitted } = decision;
  const column = admitted === undefined ? 0 : ensureColumn(deps.registry, work, heatpumpModel);
  const part =
    admitted === undefined || plan === undefined
      ? undefined
      : deps.parts.build(admitted.columns, plan.table);
  const facts = { nowMs, heatpumpModel, markDay: deps.markDay };
  work.state = addDecision(work.state, decision, facts);
  takeNext(epoch, incoming.check);
  const ackedThrough = epoch.takenThrough;
  const { installationId } = work.state;
  const commit = toCommit({ installationId, epoch, incoming, device, plan, decision, nowMs });
  await deps.put(work, commit, (commitNumber) => {
    epoch.ackedThrough = Math.max(epoch.ackedThrough, ackedThrough);
    if (plan !== undefined && commit.table !== undefined) plan.isStored = true;
    if (part !== undefined) deps.rollups.apply(column, part, commitNumber);
  });
  return {
    epoch: incoming.epoch,
    sequence: incoming.sequence,
    admitted: admitted?.batch.rows ?? 0,
    duplicate: 0,
    rejected: decision.rejected,
    outcomes: decision.outcomes,
  };
}

/** Decides one block with what its device's chain left, and keeps what it leaves. */
function decideInChain(
  { decide, chains }: DeliveryDeps,
  stream: number,
  incoming: IncomingBatch,
  device: DeclaredDevice,
  plan: TablePlan,
  nowMs: number,
): BlockDecision {
  if (incoming.backlog === true) return decide(incoming, device, plan, nowMs);
  const chain = chains.take(stream, incoming.device);
  const decision = decide(incoming, device, plan, nowMs, chain);
  if (decision.chain !== undefined) chains.keep(stream, incoming.device, decision.chain);
  return decision;
}

/** A known number: the same content is a repeat, other content is another daemon's. */
async function takeRepeat(
  { store, put }: DeliveryDeps,
  work: InstallationWork,
  epoch: EpochWork,
  incoming: IncomingBatch,
): Promise<Decision> {
  const { sequence, check, rows } = incoming;
  const { installationId } = work.state;
  const known =
    epoch.checks.get(sequence) ??
    readCheck(await store.digest(installationId, epoch.epochId, sequence));
  if (known !== undefined && known !== check) {
    const what = `batch ${sequence} came with check ${check}, known is ${known}`;
    throw new HeatpoolError("BATCH_FORKED", what, {
      hint: "Two daemons use one identity, or a card was copied.",
    });
  }
  await put(work, { counts: { snapshotsDuplicate: rows } }, () => undefined);
  return {
    epoch: incoming.epoch,
    sequence,
    admitted: 0,
    duplicate: rows,
    rejected: 0,
    outcomes: [],
  };
}

function findPlan(
  { plans }: DeliveryDeps,
  { devices }: Introduction,
  incoming: IncomingBatch,
): TablePlan | undefined {
  const device = devices[incoming.device];
  if (device === undefined) return undefined;
  const id = Buffer.from(device.tableId).toString("hex");
  const plan = plans.get(id);
  if (plan === undefined) {
    throw new HeatpoolError("PROTOCOL", `channel table ${id} of ${device.deviceId} did not come`);
  }
  return plan;
}

function ensureColumn(registry: Registry, work: InstallationWork, heatpumpModel: string): number {
  const { models } = work.state;
  const known = models.find((one) => one.heatpumpModel === heatpumpModel);
  if (known !== undefined) return known.column;
  if (models.length >= MODELS_MAX) {
    throw new HeatpoolError("INVALID_ARGUMENT", `more than ${MODELS_MAX} heat pump models`);
  }
  const column = registry.nextColumn();
  work.state = { ...work.state, models: [...models, { heatpumpModel, column, readings: 0 }] };
  return column;
}
