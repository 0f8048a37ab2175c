/** What parts usually leave over together, in a model's written form. */

import type { WrittenTogether } from "./artefact-form.js";
import { invalidModel, numbersToText, textToNumbers } from "./artefact-numbers.js";
import { type CatchAllMode, scalesFor } from "./catch-all-model.js";
import type { FeaturePlan } from "./feature-plan.js";
import { SHARE_72 } from "./multivariate.js";
import { MODES } from "./operating-row.js";

/** Written by the parts' names: their places may differ in another plan. */
export function writeCatchAll(
  plan: FeaturePlan,
  modes: readonly CatchAllMode[],
): WrittenTogether[] {
  return modes.flatMap(({ mode, parts, moments, limit }) => {
    const name = MODES[mode];
    if (name === undefined) return [];
    const { mean, deviation, axes, whiten, axisPower, channelPower } = moments;
    const numbers = [limit, ...mean, ...deviation, ...axes, ...whiten, ...axisPower];
    return {
      mode: name,
      parts: parts.flatMap((place) => plan.parts[place]?.id ?? []),
      numbers: numbersToText([...numbers, ...channelPower]),
    };
  });
}

/** @throws HeatpoolError `STATE_INVALID` numbers that no healthy machine can have given */
export function readCatchAll(
  plan: FeaturePlan,
  written: readonly WrittenTogether[],
): CatchAllMode[] {
  return written.map((one) => {
    const parts = one.parts.map((id) => plan.parts.findIndex((part) => part.id === id));
    if (parts.includes(-1)) throw invalidModel(`together ${one.mode}: a part is not in the plan`);
    const size = parts.length;
    const numbers = textToNumbers(one.numbers);
    if (numbers.length !== 1 + size * (size + 5))
      throw invalidModel(`together ${one.mode}: ${numbers.length} numbers`);
    let at = 1;
    const take = (count: number) => {
      at += count;
      return numbers.subarray(at - count, at);
    };
    const moments = {
      scales: scalesFor(size),
      ...{ mean: take(size), deviation: take(size), axes: take(size * size) },
      ...{ whiten: take(size), axisPower: take(size), channelPower: take(size) },
      share: SHARE_72,
    };
    const limit = numbers[0] ?? 0;
    const above = [moments.deviation, moments.whiten, moments.axisPower, moments.channelPower];
    if (!(limit > 0) || above.some((list) => list.some((value) => !(value > 0))))
      throw invalidModel(`together ${one.mode}: a power or limit is not above 0`);
    return { mode: MODES.indexOf(one.mode), parts, moments, limit };
  });
}
