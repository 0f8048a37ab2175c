/**
 * A model and the state of a device laid out for reading rows: the numbers in one block, and the
 * parts that say anything mode by mode in groups that share their features.
 */
import {
  type BlockLayout,
  type BlockViews,
  createLayout,
  placeParts,
  viewState,
} from "./block-layout.js";
import { channelAt } from "./channel.js";
import { compilePlan, FEATURES_MAX, featureCount, type PartGroup } from "./features.js";
import type { NormalModel } from "./normal-model.js";
import type { NormalState } from "./normal-state.js";
import { formOf } from "./reach-form.js";
import { type GroupSet, PLACES, type ScoreBlock, WAITING_MAX } from "./score-block.js";

/** The groups of a mode: together, and each alone for rows in which a context value is absent. */
export interface ModeGroups {
  readonly together: GroupSet;
  readonly alone: readonly GroupSet[];
}

/** Made ready for the rows of one device. */
export interface FlatModel {
  readonly block: ScoreBlock;
  /** Per index of `MODES`. */
  readonly byMode: readonly ModeGroups[];
  readonly day: ModeGroups;
  readonly views: BlockViews;
}

/** A group while it is laid out. */
interface Laid {
  readonly at: number;
  readonly features: PartGroup;
  readonly local: number;
}

/** Lays out a model with a state, which stays as it is. */
export function flattenModel(model: NormalModel, state: NormalState): FlatModel {
  const layout = createLayout();
  placeParts(model, state, layout);
  const { byMode, day } = compilePlan(model.plan);
  const lay = (groups: readonly PartGroup[]) =>
    groups.flatMap((group) => layGroup(model, group, layout));
  const [modes, days] = [byMode.map(lay), lay(day)];
  const numbers = new Float64Array(layout.length);
  for (const { at, values } of layout.numbers) numbers.set(values, at);
  const places = Uint16Array.from(layout.places);
  const usable = model.parts.flatMap((_, index) => (isHeard(model, index) ? index * PLACES : []));
  const gatherIn = (groups: readonly Laid[]) => gather(groups, numbers, places);
  const block: ScoreBlock = {
    numbers,
    places,
    usable: Uint16Array.from(usable),
    leverages: model.parts.map(({ leverage }) => leverage),
  };
  return {
    block,
    byMode: modes.map(gatherIn),
    day: gatherIn(days),
    views: viewState(state, places, numbers),
  };
}

/** Whether a part says anything. */
function isHeard({ plan, parts }: NormalModel, index: number): boolean {
  const [part, planned] = [parts[index], plan.parts[index]];
  if (part === undefined || planned === undefined) return false;
  return part.isUsable && part.beta.length === featureCount(planned);
}

function layGroup(model: NormalModel, features: PartGroup, layout: BlockLayout): Laid[] {
  const indexes = Array.from(features.parts).filter((index) => isHeard(model, index));
  const models = indexes.flatMap((index) => model.parts[index] ?? []);
  const [first] = models;
  if (first === undefined) return [];
  const [x = 0, y = 0, z = 0] = features.context;
  const scales = Array.from(features.context, channelAt);
  const form = formOf(
    features,
    models.map(({ leverage }) => leverage),
  );
  const local = first.between.length;
  const parts = indexes.map((index) => index * PLACES);
  const at = layout.places.length;
  layout.places.push(
    layout.reserve(Math.max(FEATURES_MAX, 3 * WAITING_MAX)),
    layout.place(scales.flatMap(({ centre, spread }) => [centre, 1 / spread])),
    layout.place(form),
    ...[x, y, z, features.size, local, parts.length, ...parts],
  );
  return [{ at, features, local }];
}

function gather(groups: readonly Laid[], numbers: Float64Array, places: Uint16Array): ModeGroups {
  const setOf = (some: readonly Laid[]): GroupSet => ({
    three: Uint16Array.from(some.filter(isThree), ({ at }) => at),
    two: Uint16Array.from(some.filter(isTwo), ({ at }) => at),
    others: some
      .filter((group) => !isThree(group) && !isTwo(group))
      .map(({ at, features }) => ({ at, features, phi: numbers.subarray(places[at]) })),
  });
  return { together: setOf(groups), alone: groups.map((group) => setOf([group])) };
}

/** Three context values make ten features, the first four of them local; two make six and three. */
function isThree({ features, local }: Laid): boolean {
  return !features.isDay && features.size === 10 && local === 4;
}
function isTwo({ features, local }: Laid): boolean {
  return !features.isDay && features.size === 6 && local === 3;
}
