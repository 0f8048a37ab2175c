/**
 * The backend, put together: store, registry, rollups, ingest, community and the gRPC door, run
 * side by side until the signal. What any of them cannot survive ends all of them, in order.
 */
import { existsSync, readFileSync } from "node:fs";
import { CHANNELS_MAX } from "#core/batch/channel-table.js";
import { CODECS, ROWS_MAX } from "#core/batch/limits.js";
import type { Chance, Clock } from "#core/clock.js";
import { findMetric, METRICS } from "#core/measurement/metrics.js";
import type { Community } from "./aggregate/community.js";
import { createCommunity } from "./aggregate/create-community.js";
import { createEfficiency } from "./aggregate/create-efficiency.js";
import { createReleaseJob } from "./aggregate/release-job.js";
import { runResigning } from "./catalogue/run-resigning.js";
import { type Engines, openEngines } from "./commands/engines.js";
import {
  type OpenModels,
  openModels,
  type RunningModels,
  startModels,
} from "./commands/open-models.js";
import { openProcesses, runTogether } from "./commands/processes.js";
import { openTrainedPublishing, openTraining } from "./commands/training-rooms.js";
import type { Config, Places } from "./config.js";
import { decideEligibility, type EligibilityRules } from "./eligibility/decide-eligibility.js";
import { mayHaveModels } from "./eligibility/may-have-models.js";
import { openBearerTokens, removeBearerTokens } from "./enrolment/bearer-tokens.js";
import { openClaimTokens } from "./enrolment/claim-tokens.js";
import { createConsents } from "./enrolment/consents.js";
import { createEnrolment } from "./enrolment/enrolment.js";
import type { Issuing } from "./enrolment/issuing.js";
import { createIdentityJudge } from "./enrolment/judge-identity.js";
import { createNonces } from "./enrolment/nonces.js";
import { readDisk } from "./host/disk.js";
import type { Log } from "./host/log.js";
import { readPackageFile } from "./host/package-file.js";
import type { LoadedIdentity } from "./host/server-identity.js";
import type { HttpBehind, ModelFiles } from "./http/http.js";
import { HTTP_VERSION_PREFIX } from "./http/intake.js";
import { runMetrics } from "./http/metrics-server.js";
import { runHttp } from "./http/server.js";
import { createVitals, type Vitals } from "./http/vitals.js";
import { createIngest } from "./ingest/create-ingest.js";
import { createQuotas } from "./ingest/quota.js";
import { createStoredTimes } from "./ingest/stored-times.js";
import { createOperation, type LogControl } from "./operation/create-operation.js";
import { type IntakeListener, watchIngest, watchStore } from "./operation/intake.js";
import { createIntakeMeter } from "./operation/intake-meter.js";
import { openQualityBook, runQualityBook } from "./operation/quality-book.js";
import { createErasure } from "./privacy/erasure.js";
import { exportInstallation } from "./privacy/export.js";
import { exportLines } from "./privacy/export-lines.js";
import type { TagId } from "./privacy/log-tag.js";
import { createRetentionJob, keptFromMs, type RetentionRun } from "./privacy/retention.js";
import { openTombstones } from "./privacy/tombstones.js";
import { createIdentities } from "./registry/create-identities.js";
import { markDay } from "./registry/day-bitmap.js";
import { createFacts } from "./registry/facts.js";
import { openFileIdentityStore } from "./registry/file-identity-store.js";
import type { Identities } from "./registry/identity.js";
import { createIdentityDesk } from "./registry/identity-door.js";
import { createRegistry, toRecord } from "./registry/memory-registry.js";
import { openPostgresIdentityStore } from "./registry/postgres-identity-store.js";
import { daysOfProbation } from "./registry/probation.js";
import type { InstallationState } from "./registry/registry.js";
import { tellChanges } from "./registry/tell-changes.js";
import { prefixOf } from "./rpc/address-prefix.js";
import type { StreamRules } from "./rpc/conversation.js";
import type { Behind, IdentityDoor } from "./rpc/door.js";
import { createEnrolPace } from "./rpc/enrol-pace.js";
import type { Address, ListenerLimits } from "./rpc/listener.js";
import { type DoorParts, runDoor } from "./rpc/server.js";
import { createSchedule } from "./schedule/create-schedule.js";
import type { Schedule } from "./schedule/schedule.js";
import type { CompanionFile } from "./store/backup.js";
import { encodeBackup } from "./store/backup-frames.js";
import { createTableFinder } from "./store/table-finder.js";
import { forgetMonths } from "./train/kept-months.js";
import { createTrainingJob } from "./train/training-job.js";

/** What the backend is started with. */
export interface BackendParts {
  readonly config: Config;
  readonly places: Places;
  readonly version: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** An installation as the log may name it. */
  readonly tag: TagId;
  readonly logControl: LogControl;
  /** Resident bytes and CPU seconds of this process. */
  process(): { readonly residentBytes: number; readonly cpuSeconds: number };
  /** Left out: without TLS, on loopback only. */
  readonly identity: LoadedIdentity | undefined;
  /** Left out: nobody is asked for a certificate, on loopback only. */
  readonly authority: InstallationAuthority | undefined;
  /** Left out: none was ever made, so there are no models. */
  readonly storeKey: Buffer | undefined;
  /** For the operator, e.g. that Node is old. */
  readonly warnings: readonly string[];
  onBug(bug: unknown): void;
  /** Called once everybody may come in. */
  onReady?(): void;
}

/** What makes installations: who signs, and the key of recovery codes. */
export interface InstallationAuthority {
  readonly issuing: Issuing;
  readonly recoveryKey: Uint8Array;
}

/** What is written to find out whether the store takes batches again, and how much of it. */
const PROBE_RECORD = "probe";
const PROBE_BYTES = 64 * 1024;
/** Greatest message, both ways. */
const MESSAGE_BYTES_MAX = 512 * 1024;
/** Calls at once on one connection: the stream, a question, and some air. */
const STREAMS_MAX = 4;
const HOUR_MS = 3_600_000;
/** Streams say goodbye at their age; a connection that outlives that by a quarter is cut. */
const CONNECTION_AGE_MARGIN = 1.25;
const REQUEST_ID_BYTES = 8;

/** Serves until `signal`. @throws HeatpoolError a store or a listener cannot be opened */
export async function runBackend(parts: BackendParts, signal: AbortSignal): Promise<void> {
  const engines = await openEngines(parts);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    const models = openKeptModels(parts);
    const vitals = createVitals();
    const rooms = { ...(await openRooms(parts, engines, models, vitals)), models, vitals };
    const { behind, web, identities, run, runPush } = rooms;
    const once = (until: AbortSignal) => runOnce(parts, engines, rooms, until);
    const all = [
      runDoor(toDoor(parts, behind, identities, vitals), ending.signal),
      runVitals(parts, behind, vitals, ending.signal),
      runWeb(parts, web, ending.signal),
      run(once, ending.signal),
      runPush(ending.signal),
    ];
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

type Rooms = Awaited<ReturnType<typeof openRooms>>;

/** What the one process needs. */
interface RoomsOfOne extends Pick<Rooms, "behind" | "retention" | "learning" | "book" | "jobs"> {
  readonly models: OpenModels | undefined;
  readonly vitals: Vitals;
}

/** What one process does, however many there are: jobs, feeding the engine, signing again. */
async function runOnce(
  parts: BackendParts,
  engines: Engines,
  { behind, retention, learning, book, jobs, models, vitals }: RoomsOfOne,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = parts;
  const onFault = (fault: unknown): void => reportFault(parts, fault);
  const schedule = await createSchedule({
    ...{ store: engines.store, clock, onFault },
    jobs: [
      createRetentionJob({ ...retention, clock }),
      createReleaseJob(behind.community, parts.config.statistics.releaseMinuteOfDay),
      createTrainingJob({
        training: openTraining(learning),
        publish:
          models !== undefined && parts.config.catalogue.autoSign
            ? openTrainedPublishing(learning, models.catalogue)
            : undefined,
        onReport: ({ modelId, outcome, installations, reasons }) =>
          parts.log("info", "training.model", {
            ...{ modelId, outcome, installations, reasons: reasons.join("; ") },
          }),
      }),
    ],
    onRun(run) {
      vitals.jobRan(run);
      const { job, durationMs, outcome, detail } = run;
      const level = outcome === "done" ? "info" : "error";
      parts.log(level, "schedule.ran", { job, durationMs, outcome, detail });
    },
  });
  jobs.schedule = schedule;
  const keepBook = (until: AbortSignal): Promise<void> =>
    runQualityBook(book, { clock, onFault }, until);
  const resign = (until: AbortSignal): Promise<void> =>
    models === undefined
      ? Promise.resolve()
      : runResigning({ catalogue: models.catalogue, clock, onFault }, until);
  try {
    await runTogether([schedule.live, engines.feed, resign, keepBook], signal);
  } finally {
    jobs.schedule = undefined;
  }
}

/** What went wrong beside the doors is tried again; only what nobody expected is a bug. */
function reportFault({ log, onBug }: BackendParts, fault: unknown): void {
  const isExpected = fault instanceof Error && "code" in fault;
  if (isExpected) log("error", "backend.fault", { what: fault.message });
  else onBug(fault);
}

/** `undefined`: no keys were ever made, so there are no models. */
function openKeptModels({ storeKey, ...parts }: BackendParts): OpenModels | undefined {
  return storeKey === undefined ? undefined : openModels({ ...parts, storeKey });
}

async function openRooms(
  parts: BackendParts,
  engines: Engines,
  models: OpenModels | undefined,
  vitals: Vitals,
) {
  const { config, places, clock } = parts;
  const { store } = engines;
  const processes = await openProcesses({
    ...{ engines, clock, rollupsFile: places.rollupsFile },
    onEvent: (event) => parts.log("info", event),
    onFault: (fault) => reportFault(parts, fault),
  });
  const states: InstallationState[] = [];
  for await (const state of store.installations()) states.push(state);
  const registry = createRegistry(states, processes.takeColumn);
  const columnOf = (id: string, model: string) =>
    registry.find(id)?.models.find((one) => one.heatpumpModel === model)?.column;
  const kept = await processes.openRollups(columnOf);
  const shared = { store, registry, rollups: kept.taken, clock, findMetric };
  const quotas = createQuotas(toQuota(config));
  const { rawMonths } = config.retention;
  const tombstones =
    engines.shared?.tombstones ?? openTombstones(places.tombstonesFile, parts.chance);
  let pushing: RunningModels | undefined;
  const noteChange = (id: string): void => pushing?.push.noteChange(id);
  const known = await createIdentities(
    engines.shared === undefined
      ? await openFileIdentityStore(places.identitiesDir)
      : openPostgresIdentityStore(engines.shared.database),
    clock.nowMs(),
    (id) => {
      noteChange(id);
      void processes.tell("identity", id).catch((fault) => reportFault(parts, fault));
    },
  );
  tellChanges(registry, noteChange);
  const nowMs = (): number => clock.nowMs();
  const monotonicMs = (): number => clock.monotonicMs();
  const meter = createIntakeMeter(monotonicMs);
  const book = await openQualityBook({ store, nowMs });
  const listeners: readonly IntakeListener[] = [meter, book, vitals.listener];
  const ingest = await createIngest({
    ...shared,
    store: await watchStore(store, listeners, monotonicMs),
    parts: kept.parts,
    markDay,
    limits: quotas.limits,
    keptFromMs: (nowMs) => keptFromMs(nowMs, rawMonths),
    isErased: tombstones.has,
  });
  const erasure = createErasure({
    ...shared,
    tombstones,
    identities: known,
    nowMs,
    saveRollups: kept.save,
    keepOut: ingest.keepOut,
    alsoForget: [(id) => removeBearerTokens(places.httpTokensFile, id)],
  });
  // An identity that was to go with its data and is still here: the power went in between.
  for (const id of known.ids()) if (tombstones.has(id)) await known.remove(id, nowMs());
  const again = await erasure.resume();
  if (again > 0) parts.log("warn", "backend.erased-again", { installations: again });
  let newest: RetentionRun | undefined;
  const rules = toEligibility(config);
  const isVouched = config.enrolment.claimTokens === "required";
  const daysWithData = (state: InstallationState, atMs: number): number =>
    daysOfProbation(state, atMs, isVouched);
  const privacy = {
    cohortMin: config.cohort.installationsMin,
    probationDays: config.cohort.probationDays,
    closedTestPool: config.privacy.closedTestPool,
  };
  const findTable = createTableFinder(store);
  const efficiency = await createEfficiency({
    ...{ store, registry, daysWithData, privacy, nowMs, findTable },
    keptFromMs: (atMs) => keptFromMs(atMs, rawMonths),
  });
  const community = await createCommunity({
    ...{ store, registry, clock, findMetric, daysWithData, privacy },
    get rollups() {
      return kept.current();
    },
    coldStart: rules.coldStart,
    alsoRelease: efficiency.release,
  });
  const facts = createFacts({
    store,
    registry,
    community,
    nowMs,
    startedAtMs: clock.nowMs(),
    decide: (known) => decideEligibility(known, rules),
    windowDays: rules.windowDays,
    warnings: async () => [
      ...parts.warnings,
      ...((await models?.catalogue.state())?.warnings ?? []),
    ],
    retention: { months: rawMonths, newest: () => newest },
  });
  const giveOut = (id: string) =>
    exportInstallation({ ...shared, toRecord: (state) => toRecord(state, nowMs()) }, id);
  if (models !== undefined) {
    const audience = {
      identities: known,
      isContributing: (id: string) => facts.eligibility(id, "").eligible,
    };
    const onFault = (fault: unknown): void => reportFault(parts, fault);
    pushing = await startModels(models, audience, { ...parts, onFault });
  }
  const released: Community = {
    ...community,
    async release() {
      processes.demandLeader();
      const receipt = await community.release();
      await processes.tell("released");
      return receipt;
    },
  };
  const watched = watchIngest(ingest, listeners);
  const jobs: { schedule: Schedule | undefined } = { schedule: undefined };
  const operation = createOperation({
    ...{ store, registry, meter, book, catalogue: models?.catalogue, quotas },
    engine: engines.name,
    disk: () => readDisk(places.storeDir),
    schedule: () => jobs.schedule,
    backUp: engines.entries && toBackup(parts, engines.entries),
    log: parts.logControl,
  });
  const behind: Behind = {
    ingest: watched,
    operation,
    probeStore: () => store.putRecord(PROBE_RECORD, new Uint8Array(PROBE_BYTES)),
    community: released,
    efficiency,
    ...facts,
    push: pushing?.push,
    metadata: async (role, version) => models?.catalogue.metadata(role, version),
    async erase(id, closeStreams) {
      const receipt = await erasure.erase(id, closeStreams);
      await forgetMonths(store, id);
      await processes.tell("erased", id);
      return receipt;
    },
    export: giveOut,
    exportLines: (id) => exportLines(giveOut(id)),
  };
  const retention = {
    store,
    registry,
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
  const web: HttpBehind = {
    ...{ ingest: watched, community: released, efficiency },
    models: pushing?.files ?? NO_MODELS,
    eligibility: facts.eligibility,
    active30d: facts.active30d,
    storedTimes: createStoredTimes(store, findTable),
    isBarred: (id) => known.find(id) !== undefined && !mayHaveModels(known.find(id), true),
    isEnrolled: (id) =>
      known.find(id) !== undefined ||
      registry.find(id)?.daemonVersion.startsWith(HTTP_VERSION_PREFIX) === false,
  };
  const identities = openIdentities(parts, known, tombstones.has);
  const reload = async (): Promise<void> => {
    await Promise.all([community.reload(), efficiency.reload(), known.reload()]);
  };
  const reloadIdentity = async (id?: string): Promise<void> => {
    await known.reload(id);
    if (id !== undefined) noteChange(id);
  };
  const joined = { registry, isDelivering: ingest.isDelivering, reload, reloadIdentity };
  const run = (once: (until: AbortSignal) => Promise<void>, signal: AbortSignal) =>
    processes.run({ ...joined, once }, signal);
  const runPush = async (signal: AbortSignal): Promise<void> => pushing?.run(signal);
  const learning = {
    ...{ config, places, version: parts.version, clock, chance: parts.chance, store, registry },
    storeKey: parts.storeKey,
    identities: known,
    isErased: tombstones.has,
    onProgress: (progress: string) => parts.log("debug", "training.progress", { progress }),
  };
  return { behind, web, identities, retention, learning, book, jobs, run, runPush };
}

/** The store and the files without which it must not be restored: without tombstones the erased are back. */
function toBackup(
  { places, version, clock }: BackendParts,
  entries: NonNullable<Engines["entries"]>,
): () => AsyncIterable<Uint8Array> {
  return () => {
    const { tombstonesFile } = places;
    const files: CompanionFile[] = existsSync(tombstonesFile)
      ? [{ name: "tombstones", bytes: readFileSync(tombstonesFile) }]
      : [];
    return encodeBackup({ version, createdAtMs: clock.nowMs() }, files, entries());
  };
}

/** Nothing is published. */
const NO_MODELS: ModelFiles = {
  list: () => [],
  find: () => undefined,
  whyNone: () => undefined,
  read: () => Promise.resolve(new Uint8Array()),
};

/** The HTTP listener, where one is configured. */
async function runWeb(parts: BackendParts, behind: HttpBehind, signal: AbortSignal): Promise<void> {
  const { config, places, clock, log, identity, onBug, chance } = parts;
  if (config.http === undefined) return;
  const { host, port, publicPerMinute } = config.http;
  const { countUnverified } = config.cohort;
  const tokens = openBearerTokens(places.httpTokensFile, clock);
  const onEvent = (event: string, facts: Readonly<Record<string, string | number>>): void =>
    log("debug", event, facts);
  await runHttp(
    {
      ...{ behind, tokens, host, port, identity, clock, prefixOf, onBug, onEvent },
      metrics: METRICS,
      rules: { countUnverified, publicPerMinute },
      makeRequestId: () => Buffer.from(chance(REQUEST_ID_BYTES)).toString("hex"),
      onListening: (http) =>
        log("info", "backend.http-listening", { port: http, tokens: tokens.count }),
    },
    signal,
  );
}

/** Enrolment, consent and the judgement of certificates; left out where nobody shows any. */
function openIdentities(
  parts: BackendParts,
  identities: Identities,
  isErased: (installationId: string) => boolean,
): IdentityDoor | undefined {
  const { authority, clock, chance, places, config } = parts;
  if (authority === undefined) return undefined;
  const isClaimed = config.enrolment.claimTokens === "required";
  const claims = isClaimed ? openClaimTokens(places.claimTokensFile, clock) : undefined;
  const onFault = (fault: unknown): void => reportFault(parts, fault);
  const { issuing, recoveryKey } = authority;
  return {
    judge: createIdentityJudge({ identities, issuing, clock, isErased, onFault }),
    signReceipt: (statement) => issuing.sign(statement),
    consents: createConsents({ identities, clock }),
    enrolment: createEnrolment({
      identities,
      isErased,
      findClaim: claims === undefined ? undefined : (token) => claims.find(token),
      nonces: createNonces(chance, clock),
      issuing,
      clock,
      chance,
      recoveryKey,
    }),
    ...createIdentityDesk({ identities, recoveryKey, chance, nowMs: () => clock.nowMs() }),
  };
}

/** The listener for Prometheus, where one is configured. */
async function runVitals(
  parts: BackendParts,
  { totals, operation }: Behind,
  vitals: Vitals,
  signal: AbortSignal,
): Promise<void> {
  const { config, version, log, process } = parts;
  if (config.metrics === undefined) return;
  const sources = { version, totals, state: operation.state, process };
  await runMetrics(
    {
      port: config.metrics.port,
      contentType: vitals.contentType,
      render: () => vitals.render(sources),
      onFault: (fault) => reportFault(parts, fault),
      onListening: (port) => log("info", "backend.metrics-listening", { port }),
    },
    signal,
  );
}

function toDoor(
  parts: BackendParts,
  behind: Behind,
  identities: IdentityDoor | undefined,
  vitals: Vitals,
): DoorParts {
  const { config, places, clock, chance, log, tag } = parts;
  const tokens =
    config.enrolment.claimTokens === "off" || identities !== undefined
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
    identities,
    enrol:
      identities === undefined
        ? undefined
        : { address: toEnrolAddress(config), pace: createEnrolPace(toPace(config), chance, clock) },
    isKnownToken: tokens === undefined ? undefined : (token) => tokens.isKnown(token),
    limits: toLimits(config),
    rules: toRules(config),
    onEvent(event, id, facts) {
      if (event === "rpc.stream-opened") vitals.streamOpened();
      if (event === "rpc.stream-closed") vitals.streamClosed();
      // Some events are about nobody.
      log("info", event, { ...(id === "" ? {} : { installation: tag(id) }), ...facts });
    },
    onBug: parts.onBug,
    onListening: ({ main, admin, enrol }) => {
      parts.onReady?.();
      const socket = config.admin.port === undefined ? places.adminSocket : undefined;
      const isSecured = parts.identity !== undefined;
      log("info", "backend.listening", {
        mainPort: main,
        enrolPort: identities === undefined ? undefined : enrol,
        identity: identities === undefined ? "none" : "certificate",
        adminPort: socket === undefined ? admin : undefined,
        adminSocket: socket,
        tls: isSecured,
        claimTokens: config.enrolment.claimTokens,
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

function toEnrolAddress({ main, enrol }: Config) {
  return { kind: "tcp", host: enrol.host ?? main.host, port: enrol.port } as const;
}

function toPace({ enrol }: Config) {
  return { perPrefix: enrol.callsPerPrefixPerHour, all: enrol.callsPerHour };
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
