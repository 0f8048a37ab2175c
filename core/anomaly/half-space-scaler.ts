/**
 * The running minimum and maximum of each feature, in front of half-space trees where the earlier
 * pipeline had them. One bad value ruins the scale for ever: that is why half-space trees never
 * are the reason of an alarm.
 */

/** Per feature, in the order of the forest's features. */
export interface RangeScaler {
  readonly minimum: Float64Array;
  readonly maximum: Float64Array;
}

/** Knows nothing yet. */
export function createRangeScaler(features: number): RangeScaler {
  return {
    minimum: new Float64Array(features).fill(Number.POSITIVE_INFINITY),
    maximum: new Float64Array(features).fill(Number.NEGATIVE_INFINITY),
  };
}

/** Takes a value in; says whether the range grew. A value that is not a number changes nothing. */
export function widenRange(scaler: RangeScaler, feature: number, value: number): boolean {
  const isBelow = value < (scaler.minimum[feature] ?? 0);
  const isAbove = value > (scaler.maximum[feature] ?? 0);
  if (isBelow) scaler.minimum[feature] = value;
  if (isAbove) scaler.maximum[feature] = value;
  return isBelow || isAbove;
}

/** The value's place in the range known so far; 0 where the range has no width. */
export function scaleValue(scaler: RangeScaler, feature: number, value: number): number {
  const low = scaler.minimum[feature] ?? 0;
  const width = (scaler.maximum[feature] ?? 0) - low;
  return width === 0 ? 0 : (value - low) / width;
}
