/**
 * The channels detectors see: fixed units, fixed order, NaN for absent.
 *
 * Context enters a model as `(value - centre) / spread`. These two are fixed numbers, so that what
 * one house has learnt adds up with what another has; they are never fitted to data.
 */

/** What a channel is like, and what may be believed of it. */
export interface Channel {
  readonly id: string;
  readonly unit: string;
  readonly centre: number;
  readonly spread: number;
  /** Values outside are not measurements of a heat pump. */
  readonly min: number;
  readonly max: number;
  /** A larger step between neighbouring cells is no physics. */
  readonly stepMax: number;
  /** Cells for which a source that reports changes only may be silent. */
  readonly holdCells: number;
  /** Whether a sensor with analogue noise stands behind it: equal bits for hours then mean stuck. */
  readonly isAnalogue: boolean;
  readonly label: { readonly de: string; readonly en: string };
}

/** Length of a cell in seconds; cells are aligned to Unix time. */
export const CELL_SECONDS = 300;
/** Cells of an hour, of a day. */
export const CELLS_PER_HOUR = 12;
export const CELLS_PER_DAY = 288;

/** A quantity that settles stays the same for an hour, a slow one for longer. */
const ONE_HOUR = 12;
const SLOWLY = 36;

type Scale = readonly [centre: number, spread: number];
type Bounds = readonly [min: number, max: number, stepMax: number];
type Names = readonly [de: string, en: string];

/** Air outside and water in a tank. */
const SLOW: ReadonlySet<string> = new Set(["outdoor", "tank"]);

function temperature(id: string, scale: Scale, bounds: Bounds, names: Names): Channel {
  return make(id, "°C", scale, bounds, names, SLOW.has(id) ? SLOWLY : ONE_HOUR, true);
}

function make(
  id: string,
  unit: string,
  [centre, spread]: Scale,
  [min, max, stepMax]: Bounds,
  [de, en]: Names,
  holdCells = ONE_HOUR,
  isAnalogue = false,
): Channel {
  const label = { de, en };
  return { id, unit, centre, spread, min, max, stepMax, holdCells, isAnalogue, label };
}

/** Measured channels first, derived ones after; the order is part of every plan's meaning. */
export const CHANNELS = [
  temperature("outdoor", [5, 8], [-45, 55, 15], ["Außentemperatur", "outdoor temperature"]),
  temperature("flow", [33, 8], [-20, 95, 40], ["Vorlauf", "flow temperature"]),
  temperature("return", [30, 8], [-20, 95, 40], ["Rücklauf", "return temperature"]),
  temperature("tank", [48, 6], [0, 95, 40], ["Warmwasser", "hot water temperature"]),
  make("power", "kW", [1.5, 1], [0, 60, 60], ["Leistungsaufnahme", "electric power"]),
  make("cop", "", [4, 2], [0.05, 30, 30], ["Leistungszahl", "COP"]),
  make("high", "bar", [11, 4], [0.2, 60, 40], ["Hochdruck", "high pressure"], ONE_HOUR, true),
  make("low", "bar", [5, 2], [0.2, 40, 30], ["Niederdruck", "low pressure"], ONE_HOUR, true),
  make("fan", "%", [50, 25], [0, 150, 150], ["Ventilator", "fan speed"]),
  make("frequency", "Hz", [50, 20], [0, 250, 250], ["Verdichterfrequenz", "compressor frequency"]),
  make("rating", "%", [50, 25], [0, 150, 150], ["Verdichterleistung", "compressor rating"]),
  make("pump", "%", [75, 20], [0, 110, 110], ["Umwälzpumpe", "pump speed"]),
  make("flowRate", "l/min", [20, 8], [0, 400, 400], ["Durchfluss", "flow rate"]),
  temperature("discharge", [60, 10], [-30, 160, 90], ["Heißgas", "discharge temperature"]),
  temperature("suction", [13, 7], [-50, 60, 60], ["Sauggas", "suction gas temperature"]),
  temperature("liquid", [30, 6], [-30, 90, 60], ["Flüssigkeitsleitung", "liquid line temperature"]),
  temperature("condenserOut", [31, 8], [-30, 95, 60], ["Kondensator", "condenser outlet"]),
  temperature("evaporator", [0, 10], [-50, 60, 60], ["Verdampfer", "evaporator temperature"]),
  make("superheat", "K", [6, 4], [-10, 60, 60], ["Überhitzung", "superheat"], ONE_HOUR),
  make("thermal", "kW", [5, 3], [-60, 120, 120], ["Wärmeleistung", "thermal power"]),
  temperature("to24", [5, 8], [-45, 55, 15], ["Außentemperatur, Tag", "outdoor, one day"]),
  make("high-low", "bar", [0, 1], [-40, 60, 60], ["Druckausgleich", "high - low at rest"]),
  make("starts", "", [4, 4], [0, 400, 400], ["Starts am Tag", "starts a day"]),
  make("dhw", "", [0.1, 0.1], [0, 1, 1], ["Warmwasseranteil", "hot water share"]),
  make("def", "", [4, 4], [0, 200, 200], ["Abtauungen am Tag", "defrosts a day"]),
  make("kw", "kW", [1, 1], [0, 60, 60], ["Tagesmittel der Leistung", "mean power of a day"]),
  make("dayMean", "°C", [5, 8], [-45, 55, 55], ["Tagesmittel außen", "outdoor mean of a day"]),
  make("dayLow", "°C", [2, 8], [-45, 55, 55], ["Tagestiefst außen", "outdoor low of a day"]),
] as const satisfies readonly Channel[];

/** Id of a channel. */
export type ChannelId = (typeof CHANNELS)[number]["id"];

/** Channels of a row. */
export const CHANNEL_COUNT = CHANNELS.length;

const indexes = new Map<string, number>(CHANNELS.map(({ id }, index) => [id, index]));

/** Place of a channel in a row; `undefined` for a name that is none. */
export function findChannel(id: string): number | undefined {
  return indexes.get(id);
}

/** Place of a channel that exists. */
export function channelIndex(id: ChannelId): number {
  return indexes.get(id) ?? -1;
}

/** The channel at that place. */
export function channelAt(index: number): Channel {
  const channel = CHANNELS[index];
  if (channel === undefined) throw new RangeError(`no channel ${index}`);
  return channel;
}
