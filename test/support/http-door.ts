/** An HTTP door on a store in memory, as the assembly joins it, on a free port of this machine. */
import { METRICS } from "#core/measurement/metrics.js";
import { decideEligibility } from "../../backend/eligibility/decide-eligibility.js";
import type { HttpRules, ModelFile, TokenHolder } from "../../backend/http/http.js";
import { HTTP_VERSION_PREFIX } from "../../backend/http/intake.js";
import { type Patience, runHttp } from "../../backend/http/server.js";
import type { QuotaLimits } from "../../backend/ingest/quota.js";
import { createStoredTimes } from "../../backend/ingest/stored-times.js";
import { createFacts } from "../../backend/registry/facts.js";
import { prefixOf } from "../../backend/rpc/address-prefix.js";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../backend/store/snapshot-store.js";
import { createTableFinder } from "../../backend/store/table-finder.js";
import { createFakeClock, type FakeClock } from "./fake-clock.js";
import { openBed } from "./pool-bed.js";

/** Token of whoever may say any id, and of one installation. */
export const SHARED = "hpbt_shared";
export const OWN = "hpbt_own";
export const OWNER = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

const HOLDERS = new Map<string, TokenHolder>([
  [SHARED, { kind: "shared" }],
  [OWN, { kind: "installation", installationId: OWNER }],
]);

/** What may differ from an ordinary door. */
export interface HttpDoorOptions {
  readonly store?: SnapshotStore;
  readonly rules?: Partial<HttpRules>;
  /** Left out: nobody is paused. */
  readonly limits?: QuotaLimits;
  readonly patience?: Patience;
  readonly trustedProxies?: readonly string[];
  readonly identity?: { certificate: Buffer; key: Buffer };
  readonly models?: readonly { file: ModelFile; bytes: Uint8Array }[];
}

/** An open door. */
export interface HttpDoor {
  readonly port: number;
  readonly url: string;
  readonly clock: FakeClock;
  readonly store: SnapshotStore;
  readonly bed: Awaited<ReturnType<typeof openBed>>;
  readonly bugs: unknown[];
  readonly events: string[];
  close(): Promise<void>;
}

/** 2026-11-15 10:00 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 15, 10);

export async function openHttpDoor(options: HttpDoorOptions = {}): Promise<HttpDoor> {
  const clock = createFakeClock(NOW_MS);
  const store = options.store ?? createMemorySnapshotStore();
  const bed = await openBed(store, clock, options.limits && { limits: options.limits });
  const facts = createFacts({
    store,
    registry: bed.registry,
    community: bed.community,
    nowMs: () => clock.nowMs(),
    startedAtMs: NOW_MS,
    decide: (known) =>
      decideEligibility(known, {
        windowDays: 30,
        minimumDays: 1,
        coldStart: { installations: 5, readings: 10_000 },
      }),
    windowDays: 30,
  });
  const models = options.models ?? [];
  const bugs: unknown[] = [];
  const events: string[] = [];
  const ending = new AbortController();
  let onPort = (_port: number): void => {};
  const opened = new Promise<number>((resolve) => {
    onPort = resolve;
  });
  const ended = runHttp(
    {
      behind: {
        ingest: bed.ingest,
        community: bed.community,
        efficiency: bed.efficiency,
        isBarred: () => false,
        models: {
          list: () => models.map((one) => one.file),
          whyNone: () => undefined,
          find: (name) => models.find((one) => one.file.name === name)?.file,
          read: async (file) => models.find((one) => one.file === file)?.bytes ?? new Uint8Array(),
        },
        eligibility: facts.eligibility,
        active30d: facts.active30d,
        storedTimes: createStoredTimes(store, createTableFinder(store)),
        isEnrolled: (id) =>
          bed.registry.find(id)?.daemonVersion.startsWith(HTTP_VERSION_PREFIX) === false,
      },
      tokens: { count: 2, find: (token) => HOLDERS.get(token) },
      metrics: METRICS,
      rules: { countUnverified: false, publicPerMinute: 0, ...options.rules },
      host: "127.0.0.1",
      port: 0,
      identity: options.identity,
      ...(options.patience && { patience: options.patience }),
      ...(options.trustedProxies && { trustedProxies: options.trustedProxies }),
      clock,
      prefixOf,
      makeRequestId: () => "made-here",
      onBug: (bug) => bugs.push(bug),
      onEvent: (event, more) => events.push(JSON.stringify({ event, ...more })),
      onListening: (at) => onPort(at),
    },
    ending.signal,
  );
  const port = await Promise.race([opened, ended.then(() => 0)]);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    clock,
    store,
    bed,
    bugs,
    events,
    async close() {
      ending.abort();
      await ended;
    },
  };
}
