/**
 * What was heard of one device: the newest live value of every point, and the signs of life.
 *
 * A retained message has no time: it never becomes a value, not even in doubt. Of a point's
 * alternatives the first that is heard wins, until it falls silent. Online is not fresh: whether
 * values count is decided by all signs of life together and by each value's age.
 */
import type { Decoded } from "#core/profile/decode.js";
import {
  decodeScalar,
  extract,
  type Payload,
  type Scalar,
  toPayload,
} from "#core/profile/mqtt-payload.js";
import type { Companion, MqttPoint, MqttProfile } from "#core/profile/mqtt-profile.js";
import type { PointOutcome } from "#core/profile/mqtt-readings.js";
import type { TopicPlan } from "#core/profile/mqtt-topics.js";
import { createSigns, type Signs } from "./topic-signs.js";

/** Takes messages, tells values. Times are monotonic milliseconds. */
export interface TopicBoard {
  accept(topic: string, text: string, isRetained: boolean, atMs: number): void;
  /** Everything that was heard may be out of date: forget it. */
  forget(): void;
  /** Why the values do not count; `undefined`: they do. */
  lifeless(atMs: number): string | undefined;
  /** Every point, by its id. */
  outcomes(atMs: number): ReadonlyMap<string, PointOutcome>;
  /** Points that have a live value, of all that are listened to. */
  readonly liveCount: number;
  /** Points of which only a retained value is known. */
  readonly retainedCount: number;
}

/** What is known of one point. */
interface Cell {
  readonly point: MqttPoint;
  readonly maxAgeMs: number;
  readonly companions: readonly Companion[];
  /** The alternative that won; `undefined` while none has had a value. */
  topic: string | undefined;
  decoded: Decoded | undefined;
  atMs: number;
  isRetainedKnown: boolean;
  /** Newest live numbers of its companions, by name. */
  readonly companionValues: Map<string, { readonly value: number; readonly atMs: number }>;
}

type Handler = (payload: Payload, isRetained: boolean, atMs: number) => void;

const ABSENT: Decoded = { quality: "absent", value: undefined, exact: undefined };

/** An empty board for the topics of `plan`. */
export function createTopicBoard(profile: MqttProfile, plan: TopicPlan): TopicBoard {
  const signs: Signs = createSigns(plan.availability);
  const cells = new Map<string, Cell>();
  const handlers = new Map<string, Handler[]>();
  const on = (topic: string, handler: Handler) => {
    const known = handlers.get(topic);
    if (known === undefined) handlers.set(topic, [handler]);
    else known.push(handler);
  };
  for (const point of profile.points) {
    const places = plan.places.get(point.id);
    if (places === undefined) continue;
    const cell = newCell(point, plan);
    cells.set(point.id, cell);
    for (const [topic, here] of byTopic(places)) {
      const extractors = here.map((place) => place.extract);
      on(topic, (payload, isRetained, atMs) => {
        const scalar = firstFound(payload, extractors);
        if (isRetained) cell.isRetainedKnown = true;
        else hear(cell, topic, scalar, atMs);
      });
    }
    for (const companion of cell.companions) listenTo(companion, cell, on);
  }
  return {
    accept(topic, text, isRetained, atMs) {
      const here = handlers.get(topic);
      const payload = toPayload(text);
      signs.accept(topic, payload, isRetained, atMs);
      for (const handler of here ?? []) handler(payload, isRetained, atMs);
    },
    forget() {
      signs.forget();
      for (const cell of cells.values()) clear(cell);
    },
    lifeless: (atMs) => signs.lifeless(atMs),
    outcomes: (atMs) =>
      new Map(Array.from(cells, ([id, cell]) => [id, outcomeOf(cell, atMs)] as const)),
    get liveCount() {
      return [...cells.values()].filter((cell) => cell.decoded !== undefined).length;
    },
    get retainedCount() {
      return [...cells.values()].filter((cell) => cell.isRetainedKnown && !cell.decoded).length;
    },
  };
}

function newCell(point: MqttPoint, plan: TopicPlan): Cell {
  return {
    point,
    maxAgeMs: point.maxAgeMs ?? plan.maxAgeMs,
    companions: plan.companions.get(point.id) ?? [],
    topic: undefined,
    decoded: undefined,
    atMs: 0,
    isRetainedKnown: false,
    companionValues: new Map(),
  };
}

function clear(cell: Cell): void {
  [cell.topic, cell.decoded, cell.isRetainedKnown] = [undefined, undefined, false];
  cell.companionValues.clear();
}

function byTopic(places: MqttPoint["places"]): ReadonlyMap<string, MqttPoint["places"]> {
  const found = new Map<string, MqttPoint["places"]>();
  for (const place of places) {
    found.set(place.topic, [...(found.get(place.topic) ?? []), place]);
  }
  return found;
}

function firstFound(
  payload: Payload,
  extractors: readonly MqttPoint["places"][number]["extract"][],
): Scalar | undefined {
  for (const one of extractors) {
    const scalar = extract(payload, one);
    if (scalar !== undefined) return scalar;
  }
  return undefined;
}

/** A live message on one of the point's topics. */
function hear(cell: Cell, topic: string, scalar: Scalar | undefined, atMs: number): void {
  const isSilent = atMs - cell.atMs > cell.maxAgeMs;
  if (cell.topic !== undefined && cell.topic !== topic && !isSilent) return;
  // A key that is missing here may be on another topic: it makes nothing win.
  cell.topic = scalar === undefined ? (cell.topic === topic ? topic : undefined) : topic;
  cell.decoded = scalar === undefined ? ABSENT : decodeScalar(scalar, cell.point);
  cell.atMs = atMs;
}

function listenTo(
  companion: Companion,
  cell: Cell,
  on: (topic: string, handler: Handler) => void,
): void {
  for (const [topic, here] of byTopic(companion.places)) {
    const extractors = here.map((place) => place.extract);
    on(topic, (payload, isRetained, atMs) => {
      const scalar = firstFound(payload, extractors);
      const value = typeof scalar === "string" && scalar !== "" ? Number(scalar) : scalar;
      if (isRetained || typeof value !== "number" || Number.isNaN(value)) return;
      cell.companionValues.set(companion.name, { value, atMs });
    });
  }
}

function outcomeOf(cell: Cell, atMs: number): PointOutcome {
  for (const { name, accepts, clears, clearedValue } of cell.companions) {
    const known = cell.companionValues.get(name);
    if (known === undefined || atMs - known.atMs > cell.maxAgeMs) continue;
    if (clearedValue !== undefined && clears.includes(known.value)) {
      return { quality: "good", value: clearedValue, exact: clearedValue };
    }
    if (accepts.length > 0 && !accepts.includes(known.value)) return ABSENT;
  }
  if (cell.decoded === undefined) return { quality: "not-due", value: undefined };
  if (atMs - cell.atMs > cell.maxAgeMs) return { quality: "read-error", value: undefined };
  return cell.decoded;
}
