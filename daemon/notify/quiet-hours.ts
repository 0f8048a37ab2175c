/** Hours of the night in which only alarms are told. Pure. */

/** In the owner's local time. */
export interface QuietHours {
  /** 0 to 23. */
  readonly fromHour: number;
  readonly toHour: number;
}

/** Whether `hour` lies within; the night may go over midnight. Equal hours: never quiet. */
export function isQuiet({ fromHour, toHour }: QuietHours, hour: number): boolean {
  if (fromHour === toHour) return false;
  return fromHour < toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour;
}
