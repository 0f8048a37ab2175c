/**
 * From scores to what the owner is told: one alarm per event, raised once and resolved once.
 *
 * Raised only after half an hour above the line and with enough rows of evidence behind a part;
 * kept until every part of it has been calm for six hours, so that it does not flicker. Parts of
 * which no evidence arrives (no heating in summer) are taken to be calm when others of the same
 * event have been for a day; while none says anything, the alarm waits.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR } from "./channel.js";

/** How much it matters. */
export type Severity = "info" | "warning" | "critical";

/** What the alarm logic sees of one cell. */
export interface AlarmFacts {
  readonly cell: number;
  /** Above 1: alarming. */
  readonly score: number;
  /** Per part: share of its limits, of its fast limit, rows of evidence, cell of the last one. */
  readonly shares: ArrayLike<number>;
  readonly fastShares: ArrayLike<number>;
  readonly evidence: ArrayLike<number>;
  readonly evidenceCell: ArrayLike<number>;
  /** What shares are divided by to become the score. */
  readonly factor: number;
  /** No alarm is raised before this cell. */
  readonly quietUntil: number;
}

/** The alarm of one device. */
export interface AlarmState {
  /** Cell in which the alarm was raised; `undefined` when there is none. */
  readonly raisedAt: number | undefined;
  /** Parts of it, in the order of joining. */
  readonly parts: readonly number[];
  /** First cell of the present stretch above the line, of the present stretch of calm. */
  readonly aboveSince: number | undefined;
  readonly calmSince: number | undefined;
  readonly resolvedAt: number | undefined;
}

/** What changed in a cell. */
export type AlarmChange = "raised" | "reopened" | "resolved" | undefined;

const PERSIST_CELLS = 6;
const EVIDENCE_MIN = 12;
const CALM_CELLS = 6 * CELLS_PER_HOUR;
const CALM_SHARE = 0.5;
/** What one event moved together is over together: for parts that say nothing others have to be calm. */
const CALM_FOR_OTHERS_CELLS = CELLS_PER_DAY;
/** A part that had no row for so long has no evidence of being well. */
export const EVIDENCE_AGE_MAX = CELLS_PER_DAY;
/** A new alarm this soon after the last is the same event. */
const REOPEN_CELLS = CELLS_PER_DAY;

/** A device without an alarm. */
export const NO_ALARM: AlarmState = {
  raisedAt: undefined,
  parts: [],
  aboveSince: undefined,
  calmSince: undefined,
  resolvedAt: undefined,
};

/** The alarm after one more cell, and what changed. */
export function stepAlarm(
  state: AlarmState,
  facts: AlarmFacts,
): { readonly state: AlarmState; readonly change: AlarmChange } {
  const above = facts.score > 1 ? (state.aboveSince ?? facts.cell) : undefined;
  const carriers = above === undefined ? [] : carriersOf(facts);
  if (state.raisedAt === undefined)
    return mayRaise({ ...state, aboveSince: above }, facts, carriers);
  const joined = carriers.filter((part) => !state.parts.includes(part));
  const parts = joined.length === 0 ? state.parts : [...state.parts, ...joined];
  const silent = silentPartsOf(parts, facts);
  const calm = isCalm(parts, silent, facts) ? (state.calmSince ?? facts.cell) : undefined;
  const needed = silent.length === 0 ? CALM_CELLS : CALM_FOR_OTHERS_CELLS;
  if (calm !== undefined && facts.cell - calm >= needed)
    return { state: { ...NO_ALARM, resolvedAt: facts.cell }, change: "resolved" };
  return { state: { ...state, parts, aboveSince: above, calmSince: calm }, change: undefined };
}

function mayRaise(
  state: AlarmState,
  facts: AlarmFacts,
  carriers: readonly number[],
): { readonly state: AlarmState; readonly change: AlarmChange } {
  const isLasting =
    state.aboveSince !== undefined && facts.cell - state.aboveSince >= PERSIST_CELLS;
  if (!isLasting || carriers.length === 0 || facts.cell < facts.quietUntil)
    return { state, change: undefined };
  const isSame = state.resolvedAt !== undefined && facts.cell - state.resolvedAt < REOPEN_CELLS;
  return {
    state: { ...state, raisedAt: facts.cell, parts: carriers, calmSince: undefined },
    change: isSame ? "reopened" : "raised",
  };
}

/** Parts above the line with enough evidence, strongest first. */
function carriersOf(facts: AlarmFacts): number[] {
  const parts: number[] = [];
  for (let part = 0; part < facts.shares.length; part++) {
    const isAbove = (facts.shares[part] ?? 0) > facts.factor;
    if (isAbove && (facts.evidence[part] ?? 0) >= EVIDENCE_MIN) parts.push(part);
  }
  return parts.sort((a, b) => (facts.shares[b] ?? 0) - (facts.shares[a] ?? 0));
}

/** Parts of an alarm that had no row for so long that nothing is known of them. */
function silentPartsOf(
  parts: readonly number[],
  { cell, evidenceCell }: Pick<AlarmFacts, "cell" | "evidenceCell">,
): readonly number[] {
  return parts.filter(
    (part) => !(cell - (evidenceCell[part] ?? Number.NEGATIVE_INFINITY) <= EVIDENCE_AGE_MAX),
  );
}

/** Whether all parts that say anything are calm; one at least does. */
function isCalm(
  parts: readonly number[],
  silent: readonly number[],
  { fastShares }: AlarmFacts,
): boolean {
  return (
    silent.length < parts.length &&
    parts.every((part) => silent.includes(part) || (fastShares[part] ?? 0) < CALM_SHARE)
  );
}
