/**
 * The seventeen faults, each as what it does to physical quantities: heat transfer, charge, valve,
 * pump, efficiency, control, sensor. Everything else follows from the physics, so all sensors react
 * together.
 */

/** Faults in the order in which the detectors' tables name them. */
export const FAULTS = [
  "undercharge",
  "evaporator_fouling",
  "condenser_fouling",
  "eev_stuck_open",
  "eev_stuck_closed",
  "low_flow",
  "backup_heater_on",
  "compressor_degradation",
  "failed_defrost",
  "short_cycling",
  "wrong_heating_curve",
  "sensor_outdoor_offset",
  "sensor_flow_offset",
  "sensor_return_stuck",
  "sensor_dhw_offset",
  "sensor_plow_drift",
  "fan_failure",
] as const;
export type Fault = (typeof FAULTS)[number];

/** How long each lasts as a rule, and whether it grows over the first 70 % of that. */
export const FAULT_DAYS: Readonly<Record<Fault, { days: number; grows: boolean }>> = {
  undercharge: { days: 14, grows: true },
  evaporator_fouling: { days: 14, grows: true },
  condenser_fouling: { days: 14, grows: true },
  eev_stuck_open: { days: 5, grows: false },
  eev_stuck_closed: { days: 5, grows: false },
  low_flow: { days: 5, grows: false },
  backup_heater_on: { days: 3, grows: false },
  compressor_degradation: { days: 21, grows: true },
  failed_defrost: { days: 4, grows: false },
  short_cycling: { days: 4, grows: false },
  wrong_heating_curve: { days: 5, grows: false },
  sensor_outdoor_offset: { days: 7, grows: true },
  sensor_flow_offset: { days: 5, grows: false },
  sensor_return_stuck: { days: 3, grows: false },
  sensor_dhw_offset: { days: 5, grows: false },
  sensor_plow_drift: { days: 10, grows: true },
  fan_failure: { days: 4, grows: false },
};

/** A fault from `startMs` to `endMs`. */
export interface FaultEvent {
  readonly fault: Fault;
  /** 0 to 1; 0.6 is a usual one. */
  readonly severity: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** What faults do to a plant; without any of them, `NO_FAULT`. */
export interface FaultEffects {
  /** Shares of the healthy quantity. */
  refrigerantFlow: number;
  sealing: number;
  compressorEfficiency: number;
  evaporator: number;
  condenser: number;
  air: number;
  waterFlow: number;
  /** Share of the liquid that leaves the evaporator unboiled. */
  liquidShare: number;
  superheatK: number;
  heaterKw: number;
  curveK: number;
  /** Minutes after which the compressor is stopped; 0 = only by its controller. */
  runMinutesMax: number;
  mayDefrost: boolean;
  /** What sensors show beyond the truth. */
  outdoorK: number;
  flowK: number;
  tankK: number;
  lowBar: number;
  isReturnStuck: boolean;
}

export const NO_FAULT: FaultEffects = {
  refrigerantFlow: 1,
  sealing: 1,
  compressorEfficiency: 1,
  evaporator: 1,
  condenser: 1,
  air: 1,
  waterFlow: 1,
  liquidShare: 0,
  superheatK: 0,
  heaterKw: 0,
  curveK: 0,
  runMinutesMax: 0,
  mayDefrost: true,
  outdoorK: 0,
  flowK: 0,
  tankK: 0,
  lowBar: 0,
  isReturnStuck: false,
};

/** Share of a growing fault's time until it has its full size. */
const GROWING_SHARE = 0.7;

/** What each fault of size `s` (0 to 1) does. */
const ACTS: Readonly<Record<Fault, (on: FaultEffects, s: number) => void>> = {
  undercharge: (on, s) => {
    on.refrigerantFlow *= 1 - 0.27 * s;
    on.superheatK += 12 * s;
  },
  evaporator_fouling: (on, s) => {
    on.evaporator /= 1 + 1.9 * s;
  },
  condenser_fouling: (on, s) => {
    on.condenser /= 1 + 1.1 * s;
  },
  eev_stuck_open: (on, s) => {
    on.liquidShare += 0.27 * s;
  },
  eev_stuck_closed: (on, s) => {
    on.refrigerantFlow *= 1 - 0.4 * s;
    on.superheatK += 22 * s;
  },
  low_flow: (on, s) => {
    on.waterFlow *= 1 - 0.75 * s;
  },
  backup_heater_on: (on, s) => {
    on.heaterKw += 5 * s;
  },
  compressor_degradation: (on, s) => {
    on.compressorEfficiency *= 1 - 0.19 * s;
    on.sealing *= 1 - 0.2 * s;
  },
  failed_defrost: (on, s) => {
    if (s > 0) on.mayDefrost = false;
  },
  short_cycling: (on, s) => {
    on.runMinutesMax = 45 - 38 * s;
  },
  wrong_heating_curve: (on, s) => {
    on.curveK += 11 * s;
  },
  sensor_outdoor_offset: (on, s) => {
    on.outdoorK += 10 * s;
  },
  sensor_flow_offset: (on, s) => {
    on.flowK += 4.5 * s;
  },
  sensor_return_stuck: (on) => {
    on.isReturnStuck = true;
  },
  sensor_dhw_offset: (on, s) => {
    on.tankK -= 10.8 * s;
  },
  sensor_plow_drift: (on, s) => {
    on.lowBar += 1.02 * s;
  },
  fan_failure: (on, s) => {
    on.air *= Math.max(0.05, 1 - 1.22 * s);
  },
};

/** What all faults that are on at `atMs` do together. */
export function effectsAt(events: readonly FaultEvent[], atMs: number): FaultEffects {
  const on = { ...NO_FAULT };
  for (const event of events) {
    if (atMs >= event.startMs && atMs < event.endMs) ACTS[event.fault](on, sizeAt(event, atMs));
  }
  return on;
}

function sizeAt(event: FaultEvent, atMs: number): number {
  if (!FAULT_DAYS[event.fault].grows) return event.severity;
  const grown = (atMs - event.startMs) / (GROWING_SHARE * (event.endMs - event.startMs));
  return event.severity * Math.min(1, grown);
}
