/**
 * The house for the local door, put together from what the daemon knows. Reads only, but for the
 * owner's decision about consent.
 */
import type { Clock } from "#core/clock.js";
import type { Locale, Scope } from "#core/enrolment/consent-record.js";
import { HeatpoolError } from "#core/errors.js";
import { findMetric } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { type AnyProfile, isMqttProfile } from "#core/profile/mqtt-profile.js";
import type { BacklogStatus } from "../backlog/backlog.js";
import type { ConsentBook, ConsentState } from "../enrolment/consent.js";
import type { History } from "../history/history.js";
import type { ShownReading } from "../poll/snapshot-table.js";
import type { UplinkState } from "../uplink/uplink.js";
import type {
  AlarmList,
  ConsentAnswer,
  ConsentChange,
  House,
  LocalDevice,
  LocalMetric,
  NowAnswer,
  ShownValue,
  Vital,
} from "./house.js";
import type { SentBatches } from "./sent-batches.js";

/** A device while it is polled. */
export interface HouseDevice {
  readonly deviceId: string;
  readonly profile: AnyProfile;
  readonly heatpumpModel: string;
  readonly pollIntervalMs: number;
  /** Metrics that its snapshots may hold. */
  readonly metrics: readonly string[];
  readonly newest: Snapshot | undefined;
  readonly state: string;
  readonly why: string | undefined;
  readonly polls: number;
  readonly failedPolls: number;
}

/** The text of consent and its purposes. */
export interface ConsentMatter {
  readonly book: Pick<ConsentBook, "state" | "grant" | "withdraw">;
  readonly texts: Readonly<Record<Locale, string>>;
  readonly version: number;
  readonly scopes: readonly Scope[];
  /** The record changed; resolves when that had its effect. */
  changed(): Promise<void>;
}

/** What the house is made of. */
export interface HouseParts {
  readonly clock: Clock;
  status(): unknown;
  devices(): readonly HouseDevice[];
  show(snapshot: Snapshot, profile: AnyProfile, language: Locale): readonly ShownReading[];
  readonly history: Pick<History, "buckets" | "status"> | undefined;
  readonly consent: ConsentMatter;
  readonly backend: string | undefined;
  backlog(): BacklogStatus | undefined;
  uplink(): UplinkState | undefined;
  readonly sent: SentBatches;
  community(): Promise<unknown>;
  readonly alarms: AlarmList;
  onSnapshot(listener: (deviceId: string) => void): () => void;
}

/** A snapshot older than so many poll intervals is not shown as the present. */
const STALE_INTERVALS = 2;
/** The backend is asked at most so often, however many pages are open. */
const COMMUNITY_FRESH_MS = 15 * 60_000;

export function createHouse(parts: HouseParts): House {
  const { clock, history, sent, alarms } = parts;
  return {
    status: () => parts.status(),
    devices: () => parts.devices().map(describeDevice),
    now(deviceId) {
      const device = parts.devices().find((one) => one.deviceId === deviceId);
      return device === undefined ? undefined : describeNow(device, parts);
    },
    history,
    sharing: () => describeSharing(parts),
    sentRows: (number) => sent.rows(number),
    consent: () => describeConsent(parts.consent),
    changeConsent: (change) => changeConsent(parts, change),
    community: askSometimes(parts),
    alarms,
    vitals: () => listVitals(parts),
    onSnapshot: (listener) => parts.onSnapshot(listener),
  };

  function askSometimes({ consent, community }: HouseParts): () => Promise<unknown> {
    let answer: { readonly atMs: number; readonly of: Promise<unknown> } | undefined;
    return async () => {
      if (consent.book.state().status !== "granted") {
        throw new HeatpoolError("CONSENT_MISSING", "nobody is asked without consent");
      }
      const nowMs = clock.monotonicMs();
      if (answer === undefined || nowMs - answer.atMs > COMMUNITY_FRESH_MS) {
        const mine = { atMs: nowMs, of: community() };
        answer = mine;
        mine.of.catch(() => {
          if (answer === mine) answer = undefined;
        });
      }
      return await answer.of;
    };
  }
}

function describeDevice(device: HouseDevice): LocalDevice {
  const { deviceId, profile, heatpumpModel, state, why, polls, failedPolls } = device;
  const metrics = device.metrics.flatMap((metric): LocalMetric[] => {
    const known = findMetric(metric);
    if (known === undefined) return [];
    const { label, unit, kind } = known;
    return [{ metric, label, unit, kind, ...codesOf(metric, profile) }];
  });
  const facts = { deviceId, profile: profile.name, heatpumpModel, state, why, polls, failedPolls };
  return { ...facts, pollIntervalSeconds: device.pollIntervalMs / 1000, metrics };
}

/** The names that the profile has for the values of a code. */
function codesOf(metric: string, profile: AnyProfile): Pick<LocalMetric, "codes"> {
  const ids = profile.candidates.get(metric) ?? [];
  const all = isMqttProfile(profile) ? profile.points : profile.registers;
  const { codes } = all.find(({ id }) => id === ids[0]) ?? { codes: new Map() };
  if (codes.size === 0) return {};
  return { codes: Array.from(codes, ([value, label]) => ({ value, label })) };
}

function describeNow(device: HouseDevice, { clock, show }: HouseParts): NowAnswer {
  const { deviceId, newest, profile, pollIntervalMs } = device;
  if (newest === undefined) return { deviceId, atMs: undefined, isStale: true, values: [] };
  const isStale = clock.monotonicMs() - newest.monotonicMs > STALE_INTERVALS * pollIntervalMs;
  const german = show(newest, profile, "de");
  const english = show(newest, profile, "en");
  const values = german.map((de, at): ShownValue => {
    const en = english[at] ?? de;
    const known = findMetric(de.metric);
    return {
      metric: de.metric,
      label: { de: de.label, en: en.label },
      value: isStale ? undefined : de.value,
      decimals: known?.resolution.decimals,
      unit: de.unit,
      kind: known?.kind ?? "other",
      quality: isStale ? "stale" : de.quality,
      meaning:
        isStale || de.meaning === undefined
          ? undefined
          : { de: de.meaning, en: en.meaning ?? de.meaning },
    };
  });
  return { deviceId, atMs: newest.takenAtMs, isStale, values };
}

function describeSharing({ consent, backend, backlog, uplink, sent }: HouseParts) {
  const status = backlog();
  const link = uplink();
  return {
    consent: consent.book.state().status,
    backend,
    isOnline: link?.isOnline ?? false,
    lastEnd: link?.lastEnd || undefined,
    backlog: status && {
      mode: status.mode,
      waitingSnapshots: status.snapshots + status.unsealed,
      waitingBatches: status.batches,
      diskBytes: status.diskBytes,
      limitBytes: status.limitBytes,
      recorded: status.recorded,
      admitted: status.admitted,
      lost: status.lost,
    },
    sentBytes: sent.bytes,
    sent: sent.newest(),
  };
}

function describeConsent({ book, texts, version, scopes }: ConsentMatter): ConsentAnswer {
  const state: ConsentState = book.state();
  const record = "record" in state ? state.record : undefined;
  const granted = state.status === "granted" ? state.record.scopes : [];
  const { status } = state;
  return { status, version, scopes, granted, time: record?.time, text: texts };
}

async function changeConsent(
  { consent, sent }: HouseParts,
  change: ConsentChange,
): Promise<ConsentAnswer> {
  const { book, version, scopes } = consent;
  if (change.action === "withdraw") {
    book.withdraw();
    sent.clear();
  } else {
    if (change.version !== version) {
      const what = `the text has version ${version}, agreed was to ${change.version}`;
      throw new HeatpoolError("INVALID_ARGUMENT", what, { hint: "Load the page again." });
    }
    const unknown = change.scopes.filter((name) => !scopes.some((scope) => scope === name));
    if (unknown.length > 0) {
      throw new HeatpoolError("INVALID_ARGUMENT", `unknown scopes; there are ${scopes.join(", ")}`);
    }
    book.grant({
      locale: change.locale,
      scopes: scopes.filter((scope) => change.scopes.includes(scope)),
    });
  }
  await consent.changed();
  return describeConsent(consent);
}

function listVitals({ devices, backlog, history, uplink, sent }: HouseParts): readonly Vital[] {
  const vital = (name: string, help: string, value: number, labels?: Vital["labels"]): Vital => ({
    name: `heatpool_${name}`,
    help,
    value,
    ...(labels === undefined ? {} : { labels }),
  });
  const perDevice = devices().flatMap((one): Vital[] => {
    const labels = { device: one.deviceId };
    const isOnline = Number(one.state === "online");
    return [
      vital("device_online", "Whether the last poll was answered", isOnline, labels),
      vital("polls_total", "Polls since the start", one.polls, labels),
      vital("failed_polls_total", "Polls without a snapshot", one.failedPolls, labels),
    ];
  });
  const readings = devices().flatMap((one) =>
    (one.newest?.readings ?? []).flatMap(({ metric, value }) => {
      if (value === undefined || findMetric(metric) === undefined) return [];
      return [vital("reading", "Newest value", value, { device: one.deviceId, metric })];
    }),
  );
  const queue = backlog();
  const kept = history?.status();
  return [
    ...perDevice,
    ...readings,
    vital("uplink_online", "Whether the backend is connected", Number(uplink()?.isOnline ?? false)),
    vital("sent_bytes_total", "Bytes of batches handed to the uplink", sent.bytes),
    ...(queue === undefined
      ? []
      : [
          vital("backlog_snapshots", "Snapshots that wait", queue.snapshots + queue.unsealed),
          vital("backlog_bytes", "Bytes of the backlog on disk", queue.diskBytes),
          vital("backlog_commits_total", "Synced writes of the backlog", queue.commits),
          vital("backlog_lost_total", "Snapshots lost, see the ledger", queue.lost),
        ]),
    ...(kept === undefined
      ? []
      : [
          vital("history_bytes", "Bytes of the history", kept.bytes),
          vital("history_commits_total", "Synced writes of the history", kept.commits),
          vital("history_written_bytes_total", "Bytes of those writes", kept.writtenBytes),
        ]),
    vital("resident_memory_bytes", "Resident memory", process.memoryUsage.rss()),
  ];
}
