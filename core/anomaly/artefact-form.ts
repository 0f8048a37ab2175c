/** The written form of a normal-behaviour model: canonical JSON, numbers as float32 in base64. */
import {
  flag,
  list,
  number,
  oneOf,
  optional,
  record,
  type ShapeOf,
  text,
} from "#core/schema/json-shape.js";
import { CHANNELS } from "./channel.js";
import { modelCardShape } from "./model-card.js";
import { MODES } from "./operating-row.js";

/** The only form there is so far. */
export const NORMAL_FORMAT = 1;
/** A published model is small enough to be pushed over any line. */
export const ARTEFACT_BYTES_MAX = 20_000;
/** More relations than this nobody has thought of. */
export const PARTS_MAX = 48;

const BASE64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PART_ID = /^[a-z_]+\.[a-zA-Z0-9-]+(\.[a-z]+)?$/;
const PART_ID_LENGTH = 60;
const channel = oneOf(CHANNELS.map(({ id }) => id));
const floats = text(BASE64, 1_000);

const part = record({
  id: text(PART_ID, PART_ID_LENGTH),
  mode: oneOf([...MODES, "day"]),
  target: channel,
  context: list(channel, 3),
  tolerance: number(0, 1_000),
  percent: number(0, 100),
  house: flag,
  usable: flag,
  /** Variances of row and day, psi, rho, both limits, variances between machines, coefficients, leverage. */
  numbers: floats,
  /** Local models only: what is known of this machine's level. */
  known: optional(floats),
});

const together = record({
  mode: oneOf(MODES),
  parts: list(text(PART_ID, PART_ID_LENGTH), PARTS_MAX, 2),
  /** Limit, then per part mean and deviation of what it leaves over, axes, powers on normal rows. */
  numbers: text(BASE64, 4_000),
});

/** Keys in the order in which they are written. */
export const normalShape = record({
  kind: oneOf(["normal-behaviour"]),
  format: oneOf([NORMAL_FORMAT]),
  heatPumpModel: text(/./, 100),
  planId: text(/^[0-9a-f]{16}$/, 16),
  factor: number(0.5, 20),
  parts: list(part, PARTS_MAX, 1),
  /** What parts of a mode usually leave over together. */
  together: optional(list(together, MODES.length)),
  /** Trained models only. */
  card: optional(modelCardShape),
});

/** A part of a checked written form. */
export type WrittenPart = ShapeOf<typeof part>;

/** A mode's parts together, of a checked written form. */
export type WrittenTogether = ShapeOf<typeof together>;
