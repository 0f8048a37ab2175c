/**
 * A community for the demo: homes that recorded eight days of their heat pumps and now deliver
 * them through the real uplink. Other seeds than the real daemon's, and the ordinary privacy rules:
 * they count because they bring enough days.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { Chance, Clock } from "#core/clock.js";
import type { ConsentRecord } from "#core/enrolment/consent-record.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Backlog, DeviceStream } from "../../daemon/backlog/backlog.js";
import { createMemoryBacklog } from "../../daemon/backlog/memory-backlog.js";
import {
  CONSENT_TEXT_ID,
  CONSENT_VERSION,
  consentTextSha256,
} from "../../daemon/enrolment/consent-text.js";
import { createHeatPumpModel } from "../../daemon/simulator/heat-pump-model.js";
import type { Transport } from "../../daemon/uplink/transport.js";
import { runUplink } from "../../daemon/uplink/uplink.js";

/** One more than the least cohort, so that one home alone never decides whether it is shown. */
export const CONTRIBUTORS = 16;
const DAYS = 8;
const STEP_MS = 300_000;
const DAY_MS = 86_400_000;

/** What the owners of these homes agreed to. */
const CONSENT: ConsentRecord = {
  text_id: CONSENT_TEXT_ID,
  version: CONSENT_VERSION,
  text_sha256: consentTextSha256("en"),
  locale: "en",
  time: new Date().toISOString(),
  daemon_version: "0.1.0",
  scopes: ["telemetry", "community_stats"],
};

/** What the homes are told. */
export interface ContributorDeps {
  readonly table: ChannelTable;
  readonly profile: string;
  readonly heatpumpModel: string;
  readonly clock: Clock;
  /** Enrols a home and shows its certificate from then on. */
  readonly connect: (installationId: string, consent: ConsentRecord) => Promise<Transport>;
  /** Called with the snapshots delivered so far, of all homes. */
  readonly onProgress: (delivered: number, all: number) => void;
}

/** Delivers everything and resolves with the snapshots that the backend admitted. */
export async function contribute(deps: ContributorDeps, signal: AbortSignal): Promise<number> {
  const chance: Chance = (count) => randomBytes(count);
  const stream: DeviceStream = {
    deviceId: "heatpump",
    profile: deps.profile,
    profileVersion: 1,
    heatpumpModel: deps.heatpumpModel,
    table: deps.table,
    stepMs: STEP_MS,
  };
  const homes: Backlog[] = [];
  for (let seed = 1; seed <= CONTRIBUTORS; seed++) {
    const backlog = await createMemoryBacklog({
      streams: [stream],
      bootId: randomUUID(),
      clock: deps.clock,
      chance,
    });
    for (const snapshot of recordedDays(seed, deps)) backlog.record(snapshot);
    await backlog.seal();
    homes.push(backlog);
  }
  const all = homes.reduce((sum, home) => sum + home.status().recorded, 0);
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  // Every home listens to the same end, several times.
  setMaxListeners(CONTRIBUTORS * 4, stop);
  const uplinks = homes.map((backlog) => deliver(backlog, deps, chance, stop));
  let delivered = 0;
  while (!stop.aborted && delivered < all) {
    await deps.clock.sleep(200, stop);
    delivered = homes.reduce((sum, home) => sum + home.status().admitted, 0);
    deps.onProgress(delivered, all);
  }
  done.abort();
  await Promise.all(uplinks);
  return delivered;
}

async function deliver(
  backlog: Backlog,
  deps: ContributorDeps,
  chance: Chance,
  signal: AbortSignal,
): Promise<void> {
  const installationId = randomUUID();
  const transport = await deps.connect(installationId, CONSENT);
  return runUplink(
    {
      backlog,
      transport,
      clock: deps.clock,
      chance,
      introduction: {
        installationId,
        bootId: randomUUID(),
        daemonVersion: CONSENT.daemon_version,
        consentVersion: CONSENT.version,
        consentScopes: CONSENT.scopes,
      },
      profile: "live",
      intervalSeconds: 60,
      limitStore: { read: () => undefined, write: () => {} },
      log: () => {},
      withdrawn: new AbortController().signal,
    },
    signal,
  );
}

/** Eight days at five-minute steps, up to now. */
function* recordedDays(
  seed: number,
  deps: Pick<ContributorDeps, "table" | "clock">,
): Generator<Snapshot> {
  const model = createHeatPumpModel({ seed: 1000 + seed, meanOutdoor: 2 + (seed % 5) });
  const nowMs = deps.clock.nowMs();
  const startMs = nowMs - (nowMs % STEP_MS) - DAYS * DAY_MS;
  for (let atMs = startMs; atMs < nowMs - STEP_MS; atMs += STEP_MS) {
    model.advance(STEP_MS / 1000);
    yield {
      deviceId: "heatpump",
      takenAtMs: atMs,
      monotonicMs: atMs - startMs,
      clockSynced: true,
      readings: deps.table.channels.map(({ metric, multiplier, decimals }) => {
        const value = model.value(metric);
        if (value === undefined) return { metric, value: undefined, quality: "absent" };
        const scale = 10 ** decimals / multiplier;
        return { metric, value: Math.round(value * scale) / scale + 0, quality: "good" };
      }),
    };
  }
}
