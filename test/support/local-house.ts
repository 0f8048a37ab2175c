/**
 * The owner's page with a simulated day behind it: everything real but the heat pump, the clock and
 * the backend's answers. The same in every run.
 */
import { fileURLToPath } from "node:url";
import { planChannels } from "#core/batch/device-channels.js";
import { SCOPES } from "#core/enrolment/consent-record.js";
import { METRICS } from "#core/measurement/metrics.js";
import type { Reading, Snapshot } from "#core/measurement/snapshot.js";
import type { Profile } from "#core/profile/profile.js";
import type { DeviceStream } from "../../daemon/backlog/backlog.js";
import { createMemoryBacklog } from "../../daemon/backlog/memory-backlog.js";
import { openConsentBook } from "../../daemon/enrolment/consent.js";
import { CONSENT_TEXTS, CONSENT_VERSION } from "../../daemon/enrolment/consent-text.js";
import { createMemoryHistory } from "../../daemon/history/memory-history.js";
import { createHouse } from "../../daemon/local/create-house.js";
import type { Alarm } from "../../daemon/local/house.js";
import { quantityWords } from "../../daemon/local/quantity-words.js";
import { type LocalConfig, runLocal } from "../../daemon/local/run-local.js";
import { createSentBatches } from "../../daemon/local/sent-batches.js";
import { showReadings } from "../../daemon/poll/snapshot-table.js";
import { createHeatPumpModel } from "../../daemon/simulator/heat-pump-model.js";
import { createChance } from "./chance.js";
import { createFakeClock, type FakeClock } from "./fake-clock.js";
import { plainProfile, plainRegister } from "./plain-profile.js";

/** Noon of a day in autumn. */
export const NOW_MS = Date.UTC(2026, 10, 12, 11);
const MINUTE_MS = 60_000;
/** Where `npm run build` puts the page. */
export const PAGE_FOLDER = fileURLToPath(new URL("../../dist/web", import.meta.url));
const DEVICE = "heatpump";
const BOOT_ID = "11111111-2222-4333-8444-555555555555";
/** The register of a profile somebody else wrote. */
const EXTRA = "extra_register";

const SHOWN = [
  ...["temp_outdoor", "temp_flow", "temp_return", "temp_hot_water", "power_current"],
  ...["power_thermal", "compressor_frequency", "compressor_state", "operating_mode"],
  ...["starts_compressor", "energy_heat_total", "energy_electric_total"],
];
/** As the simulated controller counts them. */
const MODE_WORDS = new Map([
  [0, { de: "Aus", en: "Off" }],
  [1, { de: "Heizen", en: "Heating" }],
  [4, { de: "Warmwasser", en: "Hot water" }],
  [8, { de: "Abtauen", en: "Defrost" }],
]);

/** What a test may choose. */
export interface HouseChoice {
  /** Minutes of history before now. */
  readonly minutes?: number;
  readonly config?: Partial<LocalConfig>;
  /** Label of a register, in both languages. */
  readonly label?: string;
  readonly alarms?: readonly Alarm[];
}

/** A page that is being served. */
export interface ServedHouse {
  readonly port: number;
  readonly clock: FakeClock;
  /** Whether the queue of the consent was told of a change. */
  readonly told: { changes: number };
  /** Tells the page that there is a newer snapshot, `minutes` later. */
  poll(minutes: number): Promise<void>;
  stop(): Promise<void>;
}

/** A heat pump whose mode is named and one of whose registers has a label of anybody's making. */
function createProfile(label: string): Profile {
  const registers = [...SHOWN, EXTRA].map((id, at) => {
    const metric = METRICS.find((one) => one.id === id);
    const plain = plainRegister(100 + at, {
      id,
      label: metric?.label ?? { de: label, en: label },
      metrics: metric === undefined ? [] : [{ metric: id, priority: 1 }],
      codes: id === "operating_mode" ? MODE_WORDS : new Map(),
    });
    const resolution = metric?.resolution ?? { multiplier: 1, decimals: 0 };
    return { ...plain, format: { ...plain.format, resolution } };
  });
  const candidates = new Map(SHOWN.map((id) => [id, [id]]));
  return plainProfile(
    registers,
    {},
    { candidates, name: "example/air-9", version: "0123456789ab" },
  );
}

/** Serves the page. */
export async function serveHouse(choice: HouseChoice = {}): Promise<ServedHouse> {
  const clock = createFakeClock(NOW_MS);
  const profile = createProfile(choice.label ?? "Zählerstand");
  const stream: DeviceStream = {
    ...{ deviceId: DEVICE, profile: profile.name, profileVersion: 1 },
    ...{ heatpumpModel: profile.name, table: planChannels(profile), stepMs: MINUTE_MS },
  };
  const history = await createMemoryHistory({
    ...{ streams: [stream], clock, commitIntervalMs: 300_000, limitBytes: 2 ** 26 },
    onTrouble: () => undefined,
  });
  const queue = await createMemoryBacklog({
    ...{ streams: [stream], bootId: BOOT_ID, clock, chance: createChance(7) },
    commitIntervalMs: 0,
  });
  const sent = createSentBatches(clock, () => [stream.table]);
  const minutes = choice.minutes ?? 1440;
  const model = createHeatPumpModel({ seed: 5, startSeconds: 11 * 3600 });
  let newest: Snapshot | undefined;
  let monotonicMs = -minutes * MINUTE_MS;
  const take = async () => {
    model.advance(60);
    monotonicMs += MINUTE_MS;
    newest = snapshotOf(model, monotonicMs);
    history.record(newest);
    const minute = minutes + monotonicMs / MINUTE_MS;
    if (minute % 30 === 0) await history.flush();
    if (minute > minutes - 180) queue.record(newest);
  };
  for (let k = 0; k < minutes; k++) await take();
  await history.flush();
  await queue.seal();
  await deliver(sent.watch(queue));

  const told = { changes: 0 };
  const listeners = new Set<(deviceId: string) => void>();
  const book = openConsentBook({
    ...{ file: memoryFile("consent.json"), marker: memoryFile("withdrawal") },
    ...{ clock, daemonVersion: "0.1.0" },
  });
  book.grant({ locale: "de", scopes: ["telemetry", "community_stats"] });
  const house = createHouse({
    clock,
    status: () => ({ version: "0.1.0" }),
    devices: () => [
      {
        ...{ deviceId: DEVICE, profile, heatpumpModel: profile.name, pollIntervalMs: MINUTE_MS },
        metrics: SHOWN,
        ...{ newest, state: "online", why: undefined, polls: minutes, failedPolls: 0 },
      },
    ],
    show: (snapshot, of, language) => showReadings(snapshot, of, language, true),
    history,
    consent: {
      ...{ book, texts: CONSENT_TEXTS, version: CONSENT_VERSION, scopes: SCOPES },
      async changed() {
        told.changes++;
        if (book.isWithdrawing()) book.finishWithdrawal();
      },
    },
    backend: "pool.example.org:8443",
    backlog: () => queue.status(),
    uplink: () => ({ isOnline: true, lastWelcomeAtMs: NOW_MS, lastEnd: "", retryInMs: 0 }),
    sent,
    community: async () => COMMUNITY,
    alarms: { newest: () => choice.alarms ?? [] },
    onSnapshot(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const stop = new AbortController();
  let done: Promise<void> = Promise.resolve();
  const port = await new Promise<number>((resolve, reject) => {
    done = runLocal(
      {
        ...{ house, clock, pageFolder: PAGE_FOLDER, chance: createChance(3), log: () => undefined },
        config: { host: "127.0.0.1", port: 0, hostNames: [], ...choice.config },
        onListening: resolve,
      },
      stop.signal,
    );
    done.catch(reject);
  });
  return {
    port,
    clock,
    told,
    async poll(count) {
      for (let k = 0; k < count; k++) {
        await take();
        await clock.advance(MINUTE_MS);
      }
      for (const listener of listeners) listener(DEVICE);
    },
    async stop() {
      stop.abort();
      await done;
      await queue.close();
    },
  };
}

/** Hands everything to an uplink that takes it. */
async function deliver(queue: Awaited<ReturnType<typeof createMemoryBacklog>>): Promise<void> {
  const { epochId } = queue.status();
  const entries = await queue.after(epochId, 0, 10);
  const ackedThrough = entries.at(-1)?.sequence ?? 0;
  const admitted = entries.reduce((sum, { sealed }) => sum + sealed.rows, 0);
  await queue.acknowledge({ epochId, ackedThrough, admitted, duplicate: 0, rejected: 0 });
}

function snapshotOf(model: ReturnType<typeof createHeatPumpModel>, monotonicMs: number): Snapshot {
  const readings = [...SHOWN, EXTRA].map((metric): Reading => {
    const value = metric === EXTRA ? 17 : readMetric(model, metric);
    return { metric, value, quality: value === undefined ? "absent" : "good" };
  });
  const takenAtMs = NOW_MS + monotonicMs;
  return { deviceId: DEVICE, takenAtMs, monotonicMs, clockSynced: true, readings };
}

function readMetric(
  model: ReturnType<typeof createHeatPumpModel>,
  metric: string,
): number | undefined {
  const value = model.value(metric);
  const decimals = METRICS.find(({ id }) => id === metric)?.resolution.decimals ?? 0;
  return value === undefined ? undefined : Number(value.toFixed(decimals));
}

function memoryFile(path: string) {
  let text: string | undefined;
  return {
    path,
    read: () => text,
    write(next: string) {
      text = next;
    },
    remove() {
      text = undefined;
    },
  };
}

/** What a backend with 23 installations of the model says. */
const COMMUNITY = {
  standing: {
    ...{ window: "30d", releasedAtMs: NOW_MS - 8 * 3_600_000 },
    ranks: [
      {
        ...{ quantity: "cop_total", unit: "", heatpumpModel: "example/air-9", value: 3.62 },
        ...{ label: quantityWords("cop_total"), betterThanPercent: 75, installations: 23 },
      },
      {
        ...{ quantity: "starts_per_hour", unit: "1/h", heatpumpModel: "example/air-9", value: 0.4 },
        ...{ label: quantityWords("starts_per_hour"), betterThanPercent: 60, installations: 23 },
      },
      {
        ...{ quantity: "electricity_per_day", unit: "kWh", heatpumpModel: "example/air-9" },
        ...{ value: 14.8, label: quantityWords("electricity_per_day") },
      },
    ],
    badges: [
      {
        id: "efficient-month",
        title: { de: "Sparsamer Monat", en: "Efficient month" },
        text: {
          de: "In den letzten 30 Tagen effizienter als drei Viertel der Anlagen gleichen Modells.",
          en: "More efficient over the last 30 days than three quarters of the same model.",
        },
      },
    ],
  },
  pool: {
    ...{ installations: 61, readings: 48_000_000, isSufficient: true, isClosedTestPool: false },
    message: { de: "Genug Daten sind da.", en: "There are enough data." },
  },
  models: [
    {
      model: "example/air-9",
      eligibility: {
        isEligible: true,
        reason: { de: "Sie tragen bei.", en: "You contribute." },
      },
      averages: {
        ...{ heatpumpModel: "example/air-9", window: "24h", installations: 23 },
        ...{ releasedAtMs: NOW_MS - 8 * 3_600_000, suppressedBecause: "" },
        metrics: [
          {
            ...{ metric: "temp_flow", unit: "°C", mean: 33.41, median: 33.2 },
            ...{ p10: 29.4, p90: 38.2, installations: 23 },
          },
          {
            ...{ metric: "temp_hot_water", unit: "°C", mean: 48.93, median: 49.1 },
            ...{ p10: 45.1, p90: 52.6, installations: 23 },
          },
        ],
      },
    },
  ],
};
