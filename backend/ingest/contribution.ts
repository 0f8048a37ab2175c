/** How a decided batch changes what is known about its installation. Pure: old state in, new out. */
import type { InstallationState } from "../registry/registry.js";
import type { AdmittedBlock, BlockDecision } from "./decide-block.js";

/** What marks days; the registry's way of remembering them. */
export type MarkDay = (
  bitmap: InstallationState["received"],
  day: number,
) => InstallationState["received"];

const DAY_MS = 86_400_000;

/** An installation that nobody has seen before. */
export function newInstallation(installationId: string, nowMs: number): InstallationState {
  const none = { lastDay: -1, low: 0, high: 0 };
  return {
    installationId,
    models: [],
    daemonVersion: "",
    consentVersion: 0,
    consentScopes: [],
    firstSeenAtMs: nowMs,
    lastReceivedAtMs: 0,
    snapshotsStored: 0,
    readingsStored: 0,
    snapshotsReportedLost: 0,
    snapshotsRejected: 0,
    received: none,
    withData: none,
    lossAckedThrough: 0,
  };
}

/** Adds a decision. Only admitted snapshots are a contribution. */
export function addDecision(
  state: InstallationState,
  decision: BlockDecision,
  facts: { nowMs: number; heatpumpModel: string; markDay: MarkDay },
): InstallationState {
  const { admitted, rejected } = decision;
  const snapshotsRejected = state.snapshotsRejected + rejected;
  if (admitted === undefined) return { ...state, snapshotsRejected };
  const { nowMs, heatpumpModel, markDay } = facts;
  return {
    ...state,
    models: addReadings(state.models, heatpumpModel, admitted),
    lastReceivedAtMs: nowMs,
    snapshotsStored: state.snapshotsStored + admitted.batch.rows,
    readingsStored: state.readingsStored + admitted.batch.readings,
    snapshotsRejected,
    received: markDay(state.received, Math.floor(nowMs / DAY_MS)),
    withData: admitted.days.reduce(markDay, state.withData),
    arrivals: addArrival(state.arrivals ?? [], Math.floor(nowMs / DAY_MS), admitted.days),
  };
}

/** Days of receipt that are remembered; whoever looks comes every night. */
const ARRIVALS_MAX = 8;

function addArrival(
  arrivals: NonNullable<InstallationState["arrivals"]>,
  receivedDay: number,
  days: readonly number[],
): NonNullable<InstallationState["arrivals"]> {
  const last = arrivals.at(-1);
  const oldest = days.reduce((a, b) => Math.min(a, b), receivedDay);
  if (last?.receivedDay !== receivedDay) {
    return [...arrivals, { receivedDay, oldestDay: oldest }].slice(-ARRIVALS_MAX);
  }
  if (oldest >= last.oldestDay) return arrivals;
  return [...arrivals.slice(0, -1), { receivedDay, oldestDay: oldest }];
}

function addReadings(
  models: InstallationState["models"],
  heatpumpModel: string,
  { batch }: AdmittedBlock,
): InstallationState["models"] {
  return models.map((one) =>
    one.heatpumpModel === heatpumpModel ? { ...one, readings: one.readings + batch.readings } : one,
  );
}
