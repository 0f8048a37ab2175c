/**
 * What a self-contained block of codec 2 starts from: a prior's odds for the lanes it holds, or
 * nothing. Laying them out costs as much as decoding an hour, so it is done once for a table, and
 * each block then copies them in a microsecond.
 */
import type { ChannelTable } from "./channel-table.js";
import type { StartModel } from "./codec-2-lanes.js";
import { CONTEXTS, createModel, forgetLanes, type Model, ODDS_START } from "./codec-2-model.js";
import type { Layout } from "./layout.js";
import { NO_PRIOR, oddsOf, type PriorId } from "./prior.js";
import { findPrior } from "./priors/released.js";
import { malformed } from "./varint.js";

/** Tables whose odds are kept at hand; a fleet has few, an attacker many. */
const STARTS_MAX = 16;

const EMPTY = new Uint32Array(CONTEXTS).fill(ODDS_START);

/** Odds of all lanes of a table, then gap and off, by prior. */
const starts = new Map<ChannelTable, Map<PriorId, Uint32Array>>();

/** Blocks that stand alone share one model. */
let spare: Model = createModel(0);

/**
 * Starts from `prior`, with a model that is valid until the next block.
 *
 * @throws HeatpoolError `BATCH_MALFORMED` the prior is not known
 */
export function startAlone(table: ChannelTable, prior: PriorId): StartModel {
  const odds = findStart(table, prior);
  return (layout) => {
    const { lanes } = layout;
    if (spare.last.length < lanes + 2) spare = createModel(lanes);
    spare.lanes = lanes;
    fillModel(spare, layout, table, odds);
    return spare;
  };
}

function fillModel(model: Model, layout: Layout, table: ChannelTable, all: Uint32Array): void {
  const { odds, lanes } = model;
  forgetLanes(model);
  if (lanes === table.lanes) {
    odds.set(all);
    return;
  }
  const copy = (from: number, lane: number) =>
    odds.set(all.subarray(from * CONTEXTS, (from + 1) * CONTEXTS), lane * CONTEXTS);
  let lane = 0;
  for (const c of layout.channels) {
    const end = table.laneStarts[c + 1] as number;
    for (let from = table.laneStarts[c] as number; from < end; from++) copy(from, lane++);
  }
  copy(table.lanes, lanes);
  copy(table.lanes + 1, lanes + 1);
}

function findStart(table: ChannelTable, id: PriorId): Uint32Array {
  const known = starts.get(table) ?? new Map<PriorId, Uint32Array>();
  starts.delete(table);
  starts.set(table, known);
  const [oldest] = starts.keys();
  if (starts.size > STARTS_MAX && oldest !== undefined) starts.delete(oldest);
  const odds = known.get(id) ?? layOut(table, id);
  known.set(id, odds);
  return odds;
}

function layOut(table: ChannelTable, id: PriorId): Uint32Array {
  if (id === NO_PRIOR) return oddsOf({ id, sets: new Map() }, table, EMPTY);
  const prior = findPrior(id);
  if (prior === undefined) throw malformed(`prior ${id.toString(16)} is not known`);
  return oddsOf(prior, table, EMPTY);
}
