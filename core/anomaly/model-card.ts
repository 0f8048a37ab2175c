/**
 * The card of a model: what it was made of and how it was judged, for everybody who is given it. It
 * names no installation and counts nothing of any single one.
 */
import {
  flag,
  list,
  number,
  optional,
  record,
  type ShapeOf,
  text,
  whole,
} from "#core/schema/json-shape.js";

const count = whole(0);
const share = number(0);
const words = (longest: number) => text(/^/, longest);

const figures = record({
  /** On healthy machines that it had not seen. */
  falseAlarmsPerMonth: share,
  /** Of their time in alarm. */
  share,
  /** Of known faults put into readings of such machines. */
  recall: share,
  /** Of those found, a right part among the first two named. */
  topTwo: share,
  machineMonths: share,
  events: count,
});

/** Keys in the order in which they are written. */
export const modelCardShape = record({
  version: text(/^v\d{4}\.\d{2}(\.\d{1,3})?$/, 20),
  /** Version of the program that made it. */
  software: words(40),
  seed: count,
  inputHash: text(/^[0-9a-f]{64}$/, 64),
  months: list(text(/^\d{4}-\d{2}$/, 7), 120),
  installations: count,
  machineMonths: share,
  /** Rounded to two digits. */
  readings: count,
  /** Outdoor temperatures that were learnt, °C. */
  coldest: optional(number()),
  warmest: optional(number()),
  figures,
  /** Of the model before it, on the same machines. */
  published: optional(figures),
  /** Of one installation, 1: as much as is allowed. */
  influence: share,
  gates: list(record({ name: words(60), isPassed: flag, detail: words(80) }), 100),
  silentParts: list(words(60), 100),
  /** What it is not good for. */
  limits: list(words(200), 100),
});

/** The card, checked. */
export type ModelCard = ShapeOf<typeof modelCardShape>;
