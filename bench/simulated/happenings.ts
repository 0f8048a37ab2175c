/**
 * What happens in houses and on the way to the pool without anything being wrong with the machine:
 * none of it may raise an alarm. Some change how people live or what the weather does, the others
 * only what arrives of it.
 */

/** What people and the weather do. */
export const LIVED = [
  "holiday",
  "guests",
  "curve",
  "tank_set",
  "schedule",
  "legionella",
  "cold_spell",
  "heat_wave",
  "summer_time",
] as const;

/** What happens to readings on their way. */
export const RECORDED = [
  "gap",
  "restart",
  "clock_jump",
  "sentinel",
  "spike",
  "frozen",
  "firmware",
] as const;

export type Happening = (typeof LIVED)[number] | (typeof RECORDED)[number];

/** From `startMs` to `endMs`; what `size` means stands with each kind below. */
export interface HappeningEvent {
  readonly happening: Happening;
  readonly startMs: number;
  readonly endMs: number;
  readonly size?: number;
}

/** What is changed about a house's life. */
export interface Living {
  /** On top of the heating curve. */
  curveK: number;
  /** On top of the tank's set point. */
  tankK: number;
  /** Share of the usual hot water and of the usual gains. */
  drawShare: number;
  gainsShare: number;
  /** On top of the weather. */
  outdoorK: number;
  /** Hours by which the household is later. */
  laterHours: number;
  /** The tank is heated through once. */
  isLegionella: boolean;
}

const USUAL: Living = {
  curveK: 0,
  tankK: 0,
  drawShare: 1,
  gainsShare: 1,
  outdoorK: 0,
  laterHours: 0,
  isLegionella: false,
};

/** Warm and cold air comes and goes over this long. */
const FRONT_MS = 18 * 3_600_000;

/** What each does; `size` is kelvin, or hours where it says so. */
const ACTS: Readonly<
  Record<string, (on: Living, size: number | undefined, front: number) => void>
> = {
  holiday: (on, size = 2.5) => {
    on.curveK -= size;
    on.drawShare = 0;
    on.gainsShare = 0.4;
  },
  guests: (on, size = 2) => {
    on.drawShare *= size;
    on.gainsShare *= 1.5;
  },
  curve: (on, size = 2) => {
    on.curveK += size;
  },
  tank_set: (on, size = 5) => {
    on.tankK += size;
  },
  /** Hours. */
  schedule: (on, size = 2) => {
    on.laterHours += size;
  },
  legionella: (on) => {
    on.isLegionella = true;
  },
  cold_spell: (on, size = 10, front) => {
    on.outdoorK -= size * front;
  },
  heat_wave: (on, size = 10, front) => {
    on.outdoorK += size * front;
  },
  /** Hours: clocks are put forward, people live by them. */
  summer_time: (on, size = 1) => {
    on.laterHours -= size;
  },
};

/** How people live at `atMs`. */
export function livingAt(events: readonly HappeningEvent[], atMs: number): Living {
  const on = { ...USUAL };
  for (const { happening, startMs, endMs, size } of events) {
    if (atMs < startMs || atMs >= endMs) continue;
    const front = Math.min(1, (atMs - startMs) / FRONT_MS, (endMs - atMs) / FRONT_MS);
    ACTS[happening]?.(on, size, front);
  }
  return on;
}
