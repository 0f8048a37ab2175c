/**
 * What should be on at this moment, by the present state of a watch: the machine's parts, parts that
 * are unusual together, slow change, readings that cannot be right. What of it is new is for the
 * desk to see.
 */
import type { Severity } from "#core/anomaly/alarm.js";
import { CELL_SECONDS, CELLS_PER_DAY, channelAt } from "#core/anomaly/channel.js";
import { explainAlarm } from "#core/anomaly/explain.js";
import { type Finding, TELL_CELLS, TOLD } from "#core/anomaly/finding.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { TOGETHER, type Watch } from "#core/anomaly/watch.js";
import type { AlarmPart, AlarmSource } from "./alarm.js";
import type { AlarmBook } from "./alarm-book.js";
import { type AlarmWords, sayMachine, saySensor, type WriteTime } from "./alarm-words.js";
import { saySlow, sayTogether } from "./hint-words.js";

/** What is known of a device in one cell. */
export interface CellFacts {
  readonly deviceId: string;
  readonly cell: number;
  readonly findings: readonly Finding[];
  /** Nothing is raised and nothing resolved before it. */
  readonly quietUntil: number;
  readonly severity: Severity;
  /** `undefined`: there is no model; only findings are told. */
  readonly watched:
    | {
        readonly watch: Watch;
        readonly model: NormalModel;
        readonly source: AlarmSource;
        readonly label: string;
      }
    | undefined;
}

/** What is needed to know what the owner wants to hear, and how. */
export interface WantedParts {
  readonly book: Pick<AlarmBook, "isMuted">;
  readonly writeTime: WriteTime;
}

/** What should be on. */
export interface Wanted {
  readonly parts: readonly AlarmPart[];
  readonly severity: Severity;
  readonly source: AlarmSource;
  readonly model: string;
  /** Said only when it is needed: most cells change nothing. */
  readonly explain: () => AlarmWords & {
    readonly parts: readonly AlarmPart[];
    readonly possible: readonly string[];
  };
}

/** Names of parts that change slowly begin with this. */
const SLOW = "slow.";
const CELL_MS = CELL_SECONDS * 1000;

/** The alarm of the machine's parts that the owner wants to hear of. */
export function wantedMachine(desk: WantedParts, facts: CellFacts): Wanted | undefined {
  const { watched, cell, deviceId } = facts;
  if (watched === undefined) return undefined;
  if (watched.watch.alarm.raisedAt === undefined) return wantedTogether(desk, facts);
  const { watch, model, source, label } = watched;
  const atMs = cell * CELL_MS;
  const heard = watch.alarm.parts.filter((part) => {
    const id = model.plan.parts[part]?.id ?? "";
    return !desk.book.isMuted(deviceId, id, atMs);
  });
  if (heard.length === 0) return undefined;
  const idsOf = (places: readonly number[]) =>
    places.flatMap((part) => model.plan.parts[part]?.id ?? []);
  return {
    parts: idsOf(heard).map((id) => ({ id })),
    severity: facts.severity,
    source,
    model: label,
    explain() {
      const explanation = explainAlarm(model, watch.reader.live, heard);
      const strongest = explanation.parts.map(({ part, share, measured, expected, sinceCell }) => ({
        ...{ id: part.id, share, measured, expected },
        ...(!Number.isNaN(sinceCell) && { sinceMs: sinceCell * CELL_MS }),
      }));
      const named = new Set(strongest.map(({ id }) => id));
      const others = idsOf(heard).flatMap((id) => (named.has(id) ? [] : [{ id }]));
      return {
        ...sayMachine(explanation, source, desk.writeTime),
        parts: [...strongest, ...others],
        possible: explanation.possible.map(({ fault }) => fault),
      };
    },
  };
}

/** Parts that are unusual together; a part of which the owner wants to hear nothing stays out. */
function wantedTogether(desk: WantedParts, facts: CellFacts): Wanted | undefined {
  const { watched, cell, deviceId } = facts;
  const together = watched?.watch.together;
  if (watched === undefined || together === undefined) return undefined;
  const { model, source, label } = watched;
  const heard = together.parts
    .flatMap((place) => model.plan.parts[place] ?? [])
    .filter(({ id }) => !desk.book.isMuted(deviceId, `${TOGETHER}${id}`, cell * CELL_MS));
  if (heard.length === 0) return undefined;
  const sinceMs = together.since * CELL_MS;
  const parts = heard.map(({ id }) => ({ id: `${TOGETHER}${id}`, sinceMs }));
  return {
    ...{ parts, severity: "info", source, model: label },
    explain: () => ({
      ...sayTogether(heard, together.since, desk.writeTime),
      ...{ parts, possible: [] },
    }),
  };
}

/** The hint at parts that change slowly. */
export function wantedSlow(desk: WantedParts, facts: CellFacts): Wanted | undefined {
  const { watched, cell, deviceId } = facts;
  if (watched === undefined || watched.watch.hints.length === 0) return undefined;
  const { watch, model, source, label } = watched;
  const slow = watch.hints.flatMap(({ part: place, ...hint }) => {
    const part = model.plan.parts[place];
    const isMuted = desk.book.isMuted(deviceId, `${SLOW}${part?.id}`, cell * CELL_MS);
    return part === undefined || isMuted ? [] : [{ ...hint, part }];
  });
  if (slow.length === 0) return undefined;
  const parts = slow.map(({ part, sinceDay }) => ({
    id: `${SLOW}${part.id}`,
    sinceMs: sinceDay * CELLS_PER_DAY * CELL_MS,
  }));
  return {
    ...{ parts, severity: "info", source, model: label },
    explain: () => ({ ...saySlow(slow, desk.writeTime), parts, possible: [] }),
  };
}

/** The alarm of findings that last. */
export function wantedSensor(desk: WantedParts, facts: CellFacts): Wanted | undefined {
  const lasting = facts.findings.filter(
    ({ kind, since, channel }) =>
      TOLD.has(kind) &&
      facts.cell - since >= TELL_CELLS &&
      !desk.book.isMuted(facts.deviceId, sensorId(channel), facts.cell * CELL_MS),
  );
  if (lasting.length === 0) return undefined;
  const parts = lasting.map(({ channel, since }) => ({
    id: sensorId(channel),
    sinceMs: since * CELL_MS,
  }));
  const explain = () => ({ ...saySensor(lasting, desk.writeTime), parts, possible: [] });
  return { parts, severity: "warning", source: "data", model: "", explain };
}

function sensorId(channel: number): string {
  return `sensor.${channelAt(channel).id}`;
}
