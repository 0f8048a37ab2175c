/**
 * The backend, put together: store, registry, rollups, ingest, community and the gRPC door, run
 * side by side until the signal. What any of them cannot survive ends all of them, in order.
 */
import { CHANNELS_MAX } from "#core/batch/channel-table.js";
import { CODECS, ROWS_MAX } from "#core/batch/limits.js";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { findMetric } from "#core/measurement/metrics.js";
import type { Community } from "./aggregate/community.js";
import { createCommunity } from "./aggregate/create-community.js";
import { runRollupFollower } from "./aggregate/follow-rollups.js";
import { emptyRollups, restoreRollups, runRollupSnapshots } from "./aggregate/keep-rollups.js";
import { saveRollups } from "./aggregate/rollup-file.js";
import type { Rollups } from "./aggregate/rollups.js";
import { runReleases } from "./aggregate/run-releases.js";
import { type Engines, openEngines } from "./commands/engines.js";
import type { Config, Places } from "./config.js";
import { decideEligibility, type EligibilityRules } from "./eligibility/decide-eligibility.js";
import { openClaimTokens } from "./enrolment/claim-tokens.js";
import type { Log } from "./host/log.js";
import { readPackageFile } from "./host/package-file.js";
import type { LoadedIdentity } from "./host/server-identity.js";
import { createIngest } from "./ingest/create-ingest.js";
import { createErasure } from "./privacy/erasure.js";
import { exportInstallation } from "./privacy/export.js";
import { createTagger } from "./privacy/log-tag.js";
import { keptFromMs, type RetentionRun, runRetention } from "./privacy/retention.js";
import { openTombstones } from "./privacy/tombstones.js";
import { openColumnReserve } from "./registry/column-reserve.js";
import { countDays, dayOf, markDay } from "./registry/day-bitmap.js";
import { createFacts } from "./registry/facts.js";
import { createStateFollower, runStateFollower } from "./registry/follow-states.js";
import { createRegistry, toRecord } from "./registry/memory-registry.js";
import { runLeader } from "./registry/postgres-leader.js";
import { createPostgresNotices } from "./registry/postgres-notices.js";
import type { InstallationState } from "./registry/registry.js";
import type { StreamRules } from "./rpc/conversation.js";
import type { Behind } from "./rpc/door.js";
import type { Address, ListenerLimits } from "./rpc/listener.js";
import { type DoorParts, runDoor } from "./rpc/server.js";

/** What the backend is started with. */
export interface BackendParts {
  readonly config: Config;
  readonly places: Places;
  readonly version: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Left out: without TLS, on loopback only. */
  readonly identity: LoadedIdentity | undefined;
  /** For the operator, e.g. that Node is old. */
  readonly warnings: readonly string[];
  onBug(bug: unknown): void;
}

/** Greatest message, both ways. */
const MESSAGE_BYTES_MAX = 512 * 1024;
/** Calls at once on one connection: the stream, a question, and some air. */
const STREAMS_MAX = 4;
const HOUR_MS = 3_600_000;
/** Streams say goodbye at their age; a connection that outlives that by a quarter is cut. */
const CONNECTION_AGE_MARGIN = 1.25;
/** Blocks that begin so long ago hold nothing of the last 48 hours. */
const ROLLUP_DAYS = 4;
/** Days that a registry remembers. */
const DAYS_REMEMBERED = 64;

/** Serves until `signal`. @throws HeatpoolError a store or a listener cannot be opened */
export async function runBackend(parts: BackendParts, signal: AbortSignal): Promise<void> {
  const engines = await openEngines(parts);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    const rooms = await openRooms(parts, engines);
    const all = [runDoor(toDoor(parts, rooms.behind), ending.signal), rooms.run(ending.signal)];
    // The first that fails ends the others; then it is told.
    for (const one of all) one.catch(end);
    await Promise.allSettled(all);
    await Promise.all(all);
  } finally {
    signal.removeEventListener("abort", end);
    await engines.close();
    parts.log("info", "backend.stopped");
  }
}

/** What went wrong beside the doors is tried again; only what nobody expected is a bug. */
function reportFault({ log, onBug }: BackendParts, fault: unknown): void {
  const isExpected = fault instanceof Error && "code" in fault;
  if (isExpected) log("error", "backend.fault", { what: fault.message });
  else onBug(fault);
}

/** Resolves when every one has ended; the first that fails ends the others. */
async function runTogether(
  runs: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const ending = new AbortController();
  const all = runs.map((run) => run(AbortSignal.any([signal, ending.signal])));
  for (const one of all) one.catch(() => ending.abort());
  await Promise.allSettled(all);
  await Promise.all(all);
}

async function openRooms(parts: BackendParts, engines: Engines) {
  const { config, places, clock } = parts;
  const { store, shared } = engines;
  const from = store.committedThrough;
  const states: InstallationState[] = [];
  for await (const state of store.installations()) states.push(state);
  const takeColumn =
    shared === undefined ? undefined : await openColumnReserve(shared.store.reserveColumns);
  const registry = createRegistry(states, takeColumn);
  const columnOf = (id: string, model: string) =>
    registry.find(id)?.models.find((one) => one.heatpumpModel === model)?.column;
  const file = places.rollupsFile;
  const sources = { store, columnOf, ...(shared === undefined ? { file } : {}) };
  // Of several processes the one that leads keeps the rollups, and builds them when it begins to.
  let kept = shared === undefined ? await restoreRollups(sources) : emptyRollups();
  let isLeader = shared === undefined;
  const rollups: Pick<Rollups, "apply" | "zero"> = {
    apply(column, part, number) {
      if (shared === undefined) kept.rollups.apply(column, part, number);
    },
    zero: (column) => kept.rollups.zero(column),
  };
  const common = { store, registry, clock, findMetric };
  const onFault = (fault: unknown): void => reportFault(parts, fault);
  const limits = toQuota(config);
  const { rawMonths } = config.retention;
  const tombstones = shared?.tombstones ?? openTombstones(places.tombstonesFile, parts.chance);
  const notices = shared === undefined ? undefined : createPostgresNotices(shared.database, clock);
  const ingest = await createIngest({
    ...common,
    rollups,
    parts: kept.parts,
    markDay,
    limits,
    keptFromMs: (nowMs) => keptFromMs(nowMs, rawMonths),
    isErased: tombstones.has,
  });
  const nowMs = (): number => clock.nowMs();
  const erasure = createErasure({
    ...common,
    rollups,
    tombstones,
    nowMs,
    saveRollups: async () => {
      if (shared === undefined) await saveRollups(file, kept.rollups.state);
    },
    keepOut: ingest.keepOut,
  });
  const again = await erasure.resume();
  if (again > 0) parts.log("warn", "backend.erased-again", { installations: again });
  let newest: RetentionRun | undefined;
  const rules = toEligibility(config);
  const community = await createCommunity({
    ...common,
    get rollups() {
      return kept.rollups;
    },
    daysWithData: (state, nowMs) => countDays(state.withData, dayOf(nowMs), DAYS_REMEMBERED),
    coldStart: rules.coldStart,
    privacy: {
      cohortMin: config.cohort.installationsMin,
      probationDays: config.cohort.probationDays,
      closedTestPool: config.privacy.closedTestPool,
    },
  });
  const facts = createFacts({
    store,
    registry,
    community,
    nowMs,
    startedAtMs: clock.nowMs(),
    decide: (known) => decideEligibility(known, rules),
    windowDays: rules.windowDays,
    warnings: () => parts.warnings,
    retention: { months: rawMonths, newest: () => newest },
  });
  const released: Community = {
    poolStatus: community.poolStatus,
    averages: community.averages,
    async release() {
      demandLeader(isLeader);
      const receipt = await community.release();
      await notices?.publish({ topic: "released", text: "" });
      return receipt;
    },
  };
  const behind: Behind = {
    ingest,
    community: released,
    ...facts,
    async erase(id, closeStreams) {
      const receipt = await erasure.erase(id, closeStreams);
      await notices?.publish({ topic: "erased", text: id });
      return receipt;
    },
    export: (id) =>
      exportInstallation({ ...common, toRecord: (state) => toRecord(state, nowMs()) }, id),
  };
  const retention = {
    store,
    registry,
    clock,
    onFault,
    rawMonths,
    isDelivering: ingest.isDelivering,
    onRun: (run: RetentionRun) => {
      newest = run;
      const { ranAtMs: _, keptFromMs: fromMs, ...removed } = run;
      parts.log("info", "backend.retention", {
        keptFrom: new Date(fromMs).toISOString(),
        ...removed,
      });
    },
  };
  const minuteOfDay = config.statistics.releaseMinuteOfDay;
  /** What one process does for all. */
  const once = [
    (signal: AbortSignal) =>
      runReleases({ community: released, clock, minuteOfDay, onFault }, signal),
    (signal: AbortSignal) => runRetention(retention, signal),
    engines.feed,
  ];
  if (shared === undefined || notices === undefined) {
    const snapshots = { rollups: kept.rollups, store, file, clock, onFault };
    const run = (signal: AbortSignal) =>
      runTogether([...once, (until) => runRollupSnapshots(snapshots, until)], signal);
    return { behind, run };
  }
  const { isDelivering } = ingest;
  const onGone = (columns: readonly number[]): void => columns.forEach(rollups.zero);
  const follower = createStateFollower(
    { store: shared.store, registry, isDelivering, onGone },
    from,
  );
  const lookAtAll = (): void => {
    Promise.all([follower.compare(), shared.tombstones.look(), community.reload()]).catch(onFault);
  };
  notices.onGap(lookAtAll);
  notices.subscribe(({ topic, text }) => {
    if (topic === "erased") follower.forget(text);
    if (topic === "erased") shared.tombstones.look().catch(onFault);
    if (topic === "released") community.reload().catch(onFault);
  });
  const lead = async (signal: AbortSignal): Promise<void> => {
    const through = await follower.look();
    const day = dayOf(nowMs()) - ROLLUP_DAYS;
    const blocks = () => shared.store.blocksSince(day, through);
    kept = await restoreRollups({ ...sources, recent: { through, blocks } });
    const follow = { kept, sources, look: follower.look, clock, onFault };
    await runTogether([...once, (until) => runRollupFollower(follow, until)], signal);
  };
  const onChange = (leads: boolean): void => {
    isLeader = leads;
    parts.log("info", leads ? "backend.leads" : "backend.follows");
  };
  const run = (signal: AbortSignal) =>
    runTogether(
      [
        (until) => notices.run(until),
        (until) => runStateFollower({ follower, clock, onFault }, until),
        (until) =>
          runLeader({ database: shared.database, clock, work: lead, onChange, onFault }, until),
      ],
      signal,
    );
  return { behind, run };
}

function demandLeader(isLeader: boolean): void {
  if (isLeader) return;
  throw new HeatpoolError("UNAVAILABLE", "another process of this backend releases statistics", {
    hint: "Ask the process whose log says backend.leads last.",
  });
}

function toDoor(parts: BackendParts, behind: Behind): DoorParts {
  const { config, places, clock, log } = parts;
  const tag = createTagger(parts.chance, clock);
  const tokens =
    config.enrolment.claimTokens === "off"
      ? undefined
      : openClaimTokens(places.claimTokensFile, clock);
  return {
    behind,
    clock,
    version: parts.version,
    descriptors: readPackageFile("proto/gen/descriptors.binpb"),
    main: { kind: "tcp", host: config.main.host, port: config.main.port },
    admin: toAdminAddress(config, places),
    identity: parts.identity,
    isKnownToken: tokens === undefined ? undefined : (token) => tokens.isKnown(token),
    limits: toLimits(config),
    rules: toRules(config),
    onEvent: (event, id, facts) => log("info", event, { installation: tag(id), ...facts }),
    onBug: parts.onBug,
    onListening: ({ main, admin }) => {
      const socket = config.admin.port === undefined ? places.adminSocket : undefined;
      const isSecured = parts.identity !== undefined;
      log("info", "backend.listening", {
        mainPort: main,
        adminPort: socket === undefined ? admin : undefined,
        adminSocket: socket,
        tls: isSecured,
        claimTokens: tokens === undefined ? "off" : `${tokens.count} known`,
        version: parts.version,
      });
    },
  };
}

function toAdminAddress(config: Config, places: Places): Address {
  return config.admin.port === undefined
    ? { kind: "unix", path: places.adminSocket }
    : { kind: "tcp", host: "127.0.0.1", port: config.admin.port };
}

function toLimits({ main }: Config): ListenerLimits {
  return {
    messageBytesMax: MESSAGE_BYTES_MAX,
    streamsMax: STREAMS_MAX,
    connectionAgeMaxMs: main.connectionAgeHours * HOUR_MS * CONNECTION_AGE_MARGIN,
    keepaliveMs: main.keepaliveSeconds * 1000,
    front: { socketsPerPrefixMax: main.socketsPerPrefix },
  };
}

function toRules({ main, stream }: Config): StreamRules {
  return {
    requestBytesMax: MESSAGE_BYTES_MAX,
    snapshotsMax: ROWS_MAX,
    channelsMax: CHANNELS_MAX,
    windowBatches: stream.windowBatches,
    windowBytes: stream.windowKiB * 1024,
    backlogBytesPerSecond: stream.backlogKiBPerSecond * 1024,
    uploadIntervalSeconds: stream.uploadIntervalSeconds,
    reconnectSpreadSeconds: stream.reconnectSpreadSeconds,
    codecs: CODECS.map(({ number }) => number),
    silenceMaxMs: main.silenceSeconds * 1000,
    streamAgeMaxMs: main.connectionAgeHours * HOUR_MS,
  };
}

function toQuota({ quota }: Config) {
  return {
    batchesPerSecond: quota.batchesPerSecond,
    batchesBurst: quota.batchesBurst,
    snapshotsPerDay: quota.snapshotsPerDay,
    bytesPerDay: quota.MiBPerDay * 1024 * 1024,
  };
}

function toEligibility({ eligibility }: Config): EligibilityRules {
  const { windowDays, minimumDays, coldStartInstallations, coldStartReadings } = eligibility;
  const coldStart = { installations: coldStartInstallations, readings: coldStartReadings };
  return { windowDays, minimumDays, coldStart };
}
