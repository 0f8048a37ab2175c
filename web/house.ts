/** What the page knows of the house, as signals: asked at the start, kept fresh while it is open. */
import { computed, signal } from "@preact/signals";
import type {
  Alarm,
  Community,
  Consent,
  Device,
  HistoryAnswer,
  Now,
  Series,
  Sharing,
} from "./answers.js";
import { ask, listen } from "./api.js";

export const devices = signal<readonly Device[]>([]);
export const deviceId = signal<string | undefined>(undefined);
export const nows = signal<ReadonlyMap<string, Now>>(new Map());
export const sharing = signal<Sharing | undefined>(undefined);
export const consent = signal<Consent | undefined>(undefined);
export const alarms = signal<readonly Alarm[]>([]);
export const community = signal<Community | "unasked" | "failed">("unasked");

export const device = computed(
  () => devices.value.find((one) => one.deviceId === deviceId.value) ?? devices.value[0],
);
export const now = computed(() => nows.value.get(device.value?.deviceId ?? ""));

const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Asks everything once, then what changes by itself every minute. */
export async function watchHouse(): Promise<void> {
  await askAll();
  void listen((news) => {
    nows.value = new Map(nows.value).set(news.deviceId, news);
  });
  setInterval(() => void askAll(), MINUTE_MS);
}

export async function askAll(): Promise<void> {
  const [found, said] = await Promise.all([
    ask<{ devices: readonly Device[] }>("devices"),
    ask<{ devices: readonly Now[] }>("now"),
  ]);
  if (found !== undefined) devices.value = found.devices;
  if (said !== undefined) nows.value = new Map(said.devices.map((one) => [one.deviceId, one]));
  await askSharing();
  alarms.value = (await ask<{ alarms: readonly Alarm[] }>("alarms"))?.alarms ?? [];
}

/** What leaves the house, consent, and the community where there is one. */
export async function askSharing(): Promise<void> {
  [sharing.value, consent.value] = await Promise.all([
    ask<Sharing>("sharing"),
    ask<Consent>("consent"),
  ]);
  const mayAsk = consent.value?.status === "granted" && sharing.value?.backend !== undefined;
  community.value = mayAsk ? ((await ask<Community>("community")) ?? "failed") : "unasked";
}

/** The history of those metrics that the device has; by name. */
export async function askHistory(
  of: Device,
  metrics: readonly string[],
  spanMs: number,
  points: number,
): Promise<{ range: readonly [number, number]; series: ReadonlyMap<string, Series> }> {
  const had = metrics.filter((name) => of.metrics.some(({ metric }) => metric === name));
  // Whole steps of the clock, so that a bucket holds the same values each time.
  const stepMs = spanMs / points;
  const toMs = (Math.floor(Date.now() / stepMs) + 1) * stepMs;
  const range = [toMs - spanMs, toMs] as const;
  const query = new URLSearchParams({
    device: of.deviceId,
    metric: had.join(","),
    from: String(range[0]),
    to: String(range[1]),
    points: String(points),
  });
  const answer =
    had.length === 0 ? undefined : await ask<HistoryAnswer>(`history?${query.toString()}`);
  return { range, series: new Map(answer?.series.map((one) => [one.metric, one])) };
}
