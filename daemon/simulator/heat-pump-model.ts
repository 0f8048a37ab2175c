/**
 * An air-source heat pump that behaves: weather, house, storage, hot water tank, an on/off
 * controller with hysteresis and minimum run time, defrost, and counters that only rise.
 *
 * For demos and for trying profiles; plausible and physically consistent (heat = power x COP, flow
 * above return while heat flows, counters = integrals), not a forecast. The same seed and the same
 * steps give the same day.
 */

/** A running heat pump. */
export interface HeatPumpModel {
  /** Moves the model on. Steps longer than a minute are cut into minutes. */
  advance(seconds: number): void;
  /**
   * Value of a catalogued metric in its unit, or `undefined` where the model has none. Measured
   * once per step: until the next `advance` it is the same.
   */
  value(metric: string): number | undefined;
}

interface State {
  /** Seconds since midnight of the first simulated day. */
  seconds: number;
  outdoor: number;
  room: number;
  storage: number;
  tank: number;
  flow: number;
  ice: number;
  mode: "off" | "heating" | "hot-water" | "defrost";
  /** Seconds in this mode. */
  since: number;
  frequency: number;
  energyHeating: number;
  energyHotWater: number;
  energyDefrost: number;
  energyElectric: number;
  runSeconds: number;
  starts: number;
}

/** Heat that the compressor gives at full speed and 0 °C outside, kW. */
const RATED_KW = 9;
/** Heat loss of the house, kW per kelvin. */
const LOSS_KW_PER_K = 0.2;
const HOUSE_KWH_PER_K = 8;
const STORAGE_KWH_PER_K = 0.35;
const TANK_KWH_PER_K = 0.35;
/** A compressor that just started keeps running this long. */
const RUN_SECONDS_MIN = 600;
const PAUSE_SECONDS_MIN = 300;
const DEFROST_SECONDS = 360;
/** The tank is heated to this, °C. */
const HOT_WATER_TARGET = 51;
/** Heat that the pumped water carries per kelvin between flow and return. */
const FLOW_KW_PER_K = 1.6;
/** The same as a flow: 1 l/min of water carries 0.0697 kW/K (4.18 kJ/(kg K)). */
const FLOW_LITRES_PER_MINUTE = FLOW_KW_PER_K / 0.0697;

/**
 * @param options.seed which house
 * @param options.meanOutdoor mean outdoor temperature of the day, °C
 * @param options.startSeconds seconds since midnight at the beginning
 */
export function createHeatPumpModel(options: {
  seed: number;
  meanOutdoor?: number;
  startSeconds?: number;
}): HeatPumpModel {
  const random = createNoise(options.seed);
  const mean = (options.meanOutdoor ?? 3) + (random() - 0.5) * 2;
  const state: State = {
    seconds: options.startSeconds ?? 6 * 3600,
    outdoor: mean,
    room: 20.8 + random() * 0.6,
    storage: 31 + random() * 3,
    tank: 46 + random() * 5,
    flow: 30,
    ice: random() * 0.5,
    mode: "off",
    since: 3600,
    frequency: 0,
    energyHeating: Math.round(9000 + random() * 9000),
    energyHotWater: Math.round(2000 + random() * 2000),
    energyDefrost: Math.round(100 + random() * 100),
    energyElectric: Math.round(3500 + random() * 3000),
    runSeconds: Math.round(4000 + random() * 4000) * 3600,
    starts: Math.round(2000 + random() * 3000),
  };
  const measured = new Map<string, number | undefined>();
  return {
    advance(seconds) {
      for (let left = seconds; left > 0; left -= 60) {
        step(state, Math.min(60, left), mean, random);
      }
      measured.clear();
    },
    value(metric) {
      if (!measured.has(metric)) measured.set(metric, read(state, metric, random));
      return measured.get(metric);
    },
  };
}

/** One step of at most a minute. */
function step(state: State, seconds: number, mean: number, random: () => number): void {
  const hours = seconds / 3600;
  state.seconds += seconds;
  state.since += seconds;
  const hourOfDay = (state.seconds / 3600) % 24;
  state.outdoor = mean + 4 * Math.sin(((hourOfDay - 9) / 24) * 2 * Math.PI);
  control(state, hourOfDay);

  const { thermal, electric } = power(state);
  if (state.mode === "hot-water") state.tank += (thermal * hours) / TANK_KWH_PER_K;
  if (state.mode === "heating") state.storage += (thermal * hours) / STORAGE_KWH_PER_K;
  if (state.mode === "defrost") state.storage -= (2 * hours) / STORAGE_KWH_PER_K;

  const toRooms = Math.max(0, Math.min(8, (state.storage - state.room) * 0.35));
  const gains = hourOfDay > 10 && hourOfDay < 16 ? 0.8 : 0.3;
  state.storage -= (toRooms * hours) / STORAGE_KWH_PER_K;
  state.room +=
    ((toRooms + gains - LOSS_KW_PER_K * (state.room - state.outdoor)) * hours) / HOUSE_KWH_PER_K;
  state.tank -= (0.08 + draw(hourOfDay, random)) * (hours / TANK_KWH_PER_K);

  const target = supplyTarget(state);
  state.flow += (target - state.flow) * Math.min(1, seconds / 180);
  const isRunning = state.mode === "heating" || state.mode === "hot-water";
  if (isRunning && state.outdoor < 6) state.ice += hours / 1.6;

  state.energyElectric += electric * hours;
  if (state.mode === "heating") state.energyHeating += thermal * hours;
  if (state.mode === "hot-water") state.energyHotWater += thermal * hours;
  if (state.mode === "defrost") state.energyDefrost += 2 * hours;
  if (state.frequency > 0) state.runSeconds += seconds;
}

/** Decides what the heat pump does. */
function control(state: State, hourOfDay: number): void {
  const change = (mode: State["mode"]): void => {
    if (mode !== "off" && state.mode === "off") state.starts++;
    state.mode = mode;
    state.since = 0;
  };
  const setpoint = heatingSetpoint(state.outdoor);
  const isHotWaterTime = hourOfDay >= 4 && hourOfDay < 22;
  switch (state.mode) {
    case "off":
      if (state.since < PAUSE_SECONDS_MIN) break;
      if (state.tank < 45 && isHotWaterTime) change("hot-water");
      else if (state.storage < setpoint - 3) change("heating");
      break;
    case "heating":
      if (state.ice > 1) change("defrost");
      else if (state.tank < 44 && isHotWaterTime) change("hot-water");
      else if (state.storage > setpoint + 2 && state.since > RUN_SECONDS_MIN) change("off");
      break;
    case "hot-water":
      if (state.tank > HOT_WATER_TARGET) change("off");
      break;
    case "defrost":
      state.ice = Math.max(0, state.ice - 0.2);
      if (state.since > DEFROST_SECONDS) {
        state.ice = 0;
        change("heating");
      }
      break;
  }
  state.frequency = frequencyOf(state, setpoint);
}

function frequencyOf(state: State, setpoint: number): number {
  if (state.mode === "off") return 0;
  if (state.mode === "defrost") return 70;
  if (state.mode === "hot-water") return 75;
  return Math.max(30, Math.min(90, 45 + (setpoint - state.storage) * 8));
}

/** Heating curve: 35 °C at 0 °C outside. */
function heatingSetpoint(outdoor: number): number {
  return Math.max(22, Math.min(50, 35 - 0.7 * outdoor));
}

function supplyTarget(state: State): number {
  if (state.mode === "hot-water") return state.tank + 6;
  if (state.mode === "heating") return state.storage + 4;
  if (state.mode === "defrost") return state.storage - 8;
  return state.storage - 1;
}

/** COP as half of Carnot between source and supply. */
function efficiency(state: State): number {
  const lift = Math.max(10, state.flow - (state.outdoor - 5));
  return Math.max(1.5, Math.min(7, (0.48 * (state.flow + 273.15)) / lift));
}

function power(state: State): { thermal: number; electric: number } {
  if (state.mode === "off") return { thermal: 0, electric: 0.02 };
  if (state.mode === "defrost") return { thermal: 0, electric: 0.9 };
  const thermal = RATED_KW * (state.frequency / 90) * (1 + 0.015 * state.outdoor);
  return { thermal, electric: thermal / efficiency(state) + 0.05 };
}

/** Hot water drawn at this hour, kW. */
function draw(hourOfDay: number, random: () => number): number {
  const isMorning = hourOfDay > 6 && hourOfDay < 8;
  const isEvening = hourOfDay > 18 && hourOfDay < 21;
  return (isMorning || isEvening) && random() < 0.25 ? 6 : 0;
}

const MODES = { off: 0, heating: 1, "hot-water": 4, defrost: 8 } as const;

function read(state: State, metric: string, random: () => number): number | undefined {
  const { thermal, electric } = power(state);
  const isRunning = state.frequency > 0;
  const noise = (size: number): number => (random() - 0.5) * size;
  switch (metric) {
    case "temp_outdoor":
    case "temp_source_in":
    case "temp_air_in":
      return state.outdoor + noise(0.2);
    case "temp_outdoor_average":
      return state.outdoor;
    case "temp_flow":
    case "temp_charge":
      return state.flow + noise(0.2);
    case "temp_return":
      return state.flow - (isRunning ? thermal / FLOW_KW_PER_K : 0.2) + noise(0.2);
    case "temp_heat_storage":
      return state.storage;
    case "temp_flow_target":
    case "temp_return_target":
      return heatingSetpoint(state.outdoor);
    case "temp_hot_water_target":
      return HOT_WATER_TARGET;
    case "temp_room":
      return state.room;
    case "temp_room_target":
      return 21;
    case "temp_hot_water":
    case "temp_hot_water_top":
      return state.tank + 1;
    case "temp_hot_water_bottom":
      return state.tank - 4;
    case "temp_source_out":
      return state.outdoor - (isRunning ? 4 : 0);
    case "temp_evaporating":
      return state.outdoor - (isRunning ? 8 : 0);
    case "temp_condensing":
      return state.flow + (isRunning ? 2 : 0);
    case "temp_hot_gas":
      return state.flow + (isRunning ? 25 : 0) + noise(0.4);
    case "power_current":
      return electric;
    case "power_compressor":
      return Math.max(0, electric - 0.1);
    case "power_thermal":
      return thermal;
    case "cop_current":
      return electric > 0.1 ? thermal / electric : undefined;
    case "flow_rate":
      return isRunning ? FLOW_LITRES_PER_MINUTE : 0;
    case "pressure_high":
      return isRunning ? 6 + 0.45 * state.flow : 9 + 0.1 * state.outdoor;
    case "pressure_low":
      return isRunning ? 3 + 0.13 * (state.outdoor + 10) : 9 + 0.1 * state.outdoor;
    case "fan_speed":
      return isRunning && state.mode !== "defrost" ? 300 + state.frequency * 4 : 0;
    case "compressor_frequency":
      return state.frequency;
    case "compressor_state":
      return isRunning ? 1 : 0;
    case "operating_mode":
      return MODES[state.mode];
    case "fault":
      return 0;
    case "energy_heat_heating":
      return state.energyHeating;
    case "energy_heat_hot_water":
      return state.energyHotWater;
    case "energy_heat_defrost":
      return state.energyDefrost;
    case "energy_heat_total":
      return state.energyHeating + state.energyHotWater + state.energyDefrost;
    case "energy_electric_total":
      return state.energyElectric;
    case "hours_compressor":
      return state.runSeconds / 3600;
    case "starts_compressor":
      return state.starts;
    default:
      return undefined;
  }
}

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function createNoise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
