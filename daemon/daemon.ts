/**
 * The daemon, put together. Read it from top to bottom to see what happens at start.
 *
 * Polling begins at once and waits for nothing else. Queue and connection exist only while the
 * owner agrees (`enrolment/sharing.ts`). At the end the pollers stop first, so that the last
 * snapshot is kept, then the rest; within 10 s all of it.
 */
import { join } from "node:path";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { planChannels } from "#core/batch/device-channels.js";
import { type Chance, type Clock, fired } from "#core/clock.js";
import { type ConsentRecord, SCOPES } from "#core/enrolment/consent-record.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { type AnyProfile, isMqttProfile, type MqttProfile } from "#core/profile/mqtt-profile.js";
import type { Profile } from "#core/profile/profile.js";
import type { Backlog, DeviceStream } from "./backlog/backlog.js";
import { answerDeadLetters } from "./backlog/dead-letter-desk.js";
import { openLevelBacklog } from "./backlog/level-backlog.js";
import {
  createKeeper,
  hasIdentity,
  toEnrolEndpoint,
  toOwnEndpoint,
} from "./commands/backend-ways.js";
import { openHomePublishing } from "./commands/home-publishing.js";
import { openHouseNotices } from "./commands/house-notices.js";
import { listAlarms, openHouseScorer } from "./commands/house-scorer.js";
import { type IdentityParts, openIdentity } from "./commands/open-identity.js";
import type { DaemonModels } from "./commands/open-models.js";
import { exportEverything, openErasure, renewRecoveryCode } from "./commands/open-privacy.js";
import type { Config, DeviceConfig } from "./config.js";
import { createEndpointQueue, type EndpointQueue } from "./device/endpoint-queue.js";
import { createMqttFeed } from "./device/mqtt-feed.js";
import { linkRulesOf } from "./device/profile-rules.js";
import { type ConsentState, openConsentBook } from "./enrolment/consent.js";
import { CONSENT_TEXTS, CONSENT_VERSION } from "./enrolment/consent-text.js";
import type { DeviceIdentity } from "./enrolment/device-identity.js";
import { enrolDevice } from "./enrolment/enrolment.js";
import type { IdentityKeeper } from "./enrolment/identity-keeper.js";
import { openInstallationId } from "./enrolment/installation-id.js";
import { createSharing, type Sharing } from "./enrolment/sharing.js";
import type { History } from "./history/history.js";
import type { HomePublisher } from "./home/home.js";
import type { Log } from "./host/log.js";
import { openCheckedFile, openStateFile, type StateFile } from "./host/state-file.js";
import { readBootId, type SystemClock } from "./host/system-clock.js";
import { type Notify, runWatchdog } from "./host/systemd-notify.js";
import { createVitalSigns, type VitalSigns } from "./host/vital-signs.js";
import { controlSocketPath, type HistoryAsk, runControlSocket } from "./local/control-socket.js";
import type { HouseDevice } from "./local/create-house.js";
import type { SentBatches } from "./local/sent-batches.js";
import { openModelBook } from "./model/model-book.js";
import { openModelCache } from "./model/model-cache.js";
import type { ModelLink } from "./model/model-link.js";
import type { CommunityModels, Scorer } from "./model/scorer.js";
import { answerScorer, parseScorerQuestion } from "./model/scorer-desk.js";
import type { WatchedDevice } from "./notify/house-watch.js";
import type { Notice, NoticeDesk } from "./notify/notify.js";
import { createFileQuarantineStore } from "./poll/file-quarantine-store.js";
import { checkPollInterval, type DeviceState, minPollMs, runPoller } from "./poll/poller.js";
import { createRegisterSource, type RegisterSource } from "./poll/register-source.js";
import { showReadings } from "./poll/snapshot-table.js";
import { createTopicSource, type Patience, type TopicSource } from "./poll/topic-source.js";
import type { Erasure, ErasureState } from "./privacy/erasure.js";
import { wipeWhenAnswered } from "./privacy/wipe.js";
import type { CommunityClient } from "./uplink/community-client.js";
import type { UplinkState } from "./uplink/uplink.js";

/** A configured device and what its profile makes of it. */
export interface ConfiguredDevice {
  readonly config: DeviceConfig;
  readonly profile: AnyProfile;
}

/** What the daemon is made of. */
export interface DaemonParts {
  readonly config: Config;
  readonly devices: readonly ConfiguredDevice[];
  readonly version: string;
  readonly clock: SystemClock;
  readonly chance: Chance;
  readonly log: Log;
  readonly notify: Notify;
  /** Where systemd put a credential; left out: it gave none. */
  credential?(name: string): string | undefined;
  /** Tells the owner; left out: alarms stand in the log alone. */
  readonly tell?: (notice: Notice) => void;
  /** Models that others trained; left out: this house learns from its own past alone. */
  readonly communityModels?: CommunityModels;
  /** systemd's `WATCHDOG_USEC` in milliseconds; `undefined`: nobody watches. */
  readonly watchdogMs: number | undefined;
  /** When this package was built; 0: not known. */
  readonly builtAtMs: number;
}

/** What is known of a device while it is polled. */
interface DeviceRecord {
  readonly config: DeviceConfig;
  readonly profile: AnyProfile;
  readonly source: RegisterSource | TopicSource;
  state: DeviceState | undefined;
  newest: Snapshot | undefined;
  /** Readings of `newest` that may be shared. */
  shareable: number;
  polls: number;
  failedPolls: number;
}

/** Everything ends within this time; systemd would kill us later. */
const SHUTDOWN_MAX_MS = 10_000;
/** What a poll in flight may take of it. */
const POLL_END_MAX_MS = 2_000;
/** A screenful is less; a program may ask for more than a person reads. */
const LOSSES_SHOWN_MAX = 1_000;
const MIB = 1024 * 1024;
/** A person who erases is told after this time how it stands. */
const ERASE_PATIENCE_MS = 20_000;
/** A person who reads once waits this long for a gateway's next round. */
const READ_WAIT_MAX_MS = 90_000;
/** Two daemons of one name would throw each other out of the broker. */
const CLIENT_ID_BYTES = 6;

/** Files of the state directory. */
export function openState(config: Config, clock: Clock, daemonVersion: string) {
  const pathOf = (name: string) => join(config.stateDir, name);
  return {
    installationId: openStateFile(pathOf("installation-id")),
    uplinkLimits: openCheckedFile(pathOf("uplink-limits.json")),
    models: openCheckedFile(pathOf("models.json")),
    book: openConsentBook({
      file: openCheckedFile(pathOf("consent.json")),
      marker: openStateFile(pathOf("withdrawal")),
      clock,
      daemonVersion,
    }),
    backlogFolder: join(config.stateDir, "backlog"),
  };
}

/** The heat pump as its batches describe it. */
export function toDeviceStream({ config, profile }: ConfiguredDevice): DeviceStream {
  return {
    deviceId: config.deviceId,
    profile: profile.name,
    // The version is a hash; on the wire stand its first 32 bits.
    profileVersion: Number.parseInt(profile.version.slice(0, 8), 16),
    heatpumpModel: heatpumpModelOf({ config, profile }),
    table: planChannels(profile, config.parameters),
    stepMs: config.pollIntervalSeconds * 1000,
  };
}

/** The model by which the community compares. */
function heatpumpModelOf({ config, profile }: ConfiguredDevice): string {
  return config.heatpumpModel ?? profile.name;
}

/** The channels that the history of a device has. */
export function tableOf(device: ConfiguredDevice): ChannelTable {
  return toDeviceStream(device).table;
}

/** Opens the backlog as configured. */
export async function openBacklog(
  parts: Pick<DaemonParts, "config" | "devices" | "clock" | "chance">,
  directory: string,
): Promise<Backlog> {
  const { config, devices, clock, chance } = parts;
  return openLevelBacklog({
    directory,
    streams: devices.map(toDeviceStream),
    bootId: readBootId(),
    clock,
    chance,
    commitIntervalMs: config.backlog.commitIntervalSeconds * 1000,
    limitBytes: config.backlog.limitMiB * MIB,
    whenFull: config.backlog.evict,
  });
}

/** What a source is made of. */
interface SourceDeps {
  readonly queue: EndpointQueue;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly stateDir: string;
  /** How long a poll may wait for values that are only heard. */
  readonly patience: Patience["until"];
  readonly onNotice: (text: string) => void;
}

/** A source of snapshots of one device. */
export function openSource(
  { config, profile }: ConfiguredDevice,
  deps: SourceDeps,
): RegisterSource | TopicSource {
  return isMqttProfile(profile)
    ? openTopicSource(config, profile, deps)
    : openRegisterSource(config, profile, deps);
}

function openTopicSource(
  { deviceId, broker, parameters, pollIntervalSeconds }: DeviceConfig,
  profile: MqttProfile,
  { clock, chance, patience, onNotice }: SourceDeps,
): TopicSource {
  // One and a half rounds of the gateway; the daemon's watchdog counts in poll intervals.
  const roundMs = Math.min(profile.publishing.everySeconds * 1500, READ_WAIT_MAX_MS);
  const isPatient = patience === "all";
  const waitMs = isPatient ? roundMs : Math.min(roundMs, pollIntervalSeconds * 1000);
  const id = Buffer.from(chance(CLIENT_ID_BYTES)).toString("hex");
  const endpoint = { ...toBroker(broker, profile), clientId: `heatpool-${id}` };
  return createTopicSource({
    deviceId,
    profile,
    parameters,
    feed: createMqttFeed({ endpoint, clock, onNotice }),
    clock,
    patience: { until: patience, waitMs },
  });
}

/** Where the broker is, in the feed's words. */
export function toBroker(
  broker: DeviceConfig["broker"],
  profile: { readonly broker: Pick<MqttProfile["broker"], "port" | "tlsPort"> },
) {
  const url = broker?.url === undefined ? undefined : new URL(broker.url);
  const isTls = url === undefined ? broker?.tls === true : url.protocol === "mqtts:";
  const port = url === undefined ? broker?.port : Number(url.port || 0) || undefined;
  return {
    host: url?.hostname ?? broker?.host ?? "",
    port: port ?? (isTls ? profile.broker.tlsPort : profile.broker.port),
    isTls,
    caFile: broker?.caFile,
    userFile: broker?.userFile,
    passwordFile: broker?.passwordFile,
  };
}

/** IANA's ports of MQTT. */
const MQTT_PORTS = { port: 1883, tlsPort: 8883 };

function homeBroker({ homeAssistant }: Config) {
  if (homeAssistant === undefined) return undefined;
  return toBroker(homeAssistant.broker, { broker: MQTT_PORTS });
}

function openRegisterSource(
  config: DeviceConfig,
  profile: Profile,
  deps: SourceDeps,
): RegisterSource {
  const { connection } = profile;
  const endpoint = { host: config.host ?? "", port: config.port ?? connection.port };
  const reader = deps.queue.lease(endpoint, linkRulesOf(connection));
  const { parameters, unitId } = config;
  return createRegisterSource({
    deviceId: config.deviceId,
    profile,
    choice: { wanted: "shared", parameters, ...(unitId === undefined ? {} : { unitId }) },
    reader,
    clock: deps.clock,
    quarantineStore: createFileQuarantineStore(join(deps.stateDir, "quarantine")),
    onNotice: deps.onNotice,
  });
}

/**
 * Enrols: the work of `heatpool enrol`, in the daemon or without one.
 *
 * @throws HeatpoolError `CONFIG_INVALID`, `CONSENT_MISSING`, or what the backend says
 */
export async function enrolInstallation(
  config: Config,
  parts: IdentityParts & { readonly version: string },
  wish: { readonly address: string | undefined; readonly claimToken: string },
): Promise<{ installationId: string; recoveryCode: string }> {
  const { backend } = config;
  if (backend === undefined || !hasIdentity(config)) {
    throw new HeatpoolError("CONFIG_INVALID", "no backend that takes installations in", {
      hint: "Add the part `backend` with its url; without TLS, or with tokens, nobody enrols.",
    });
  }
  const consent = openState(config, parts.clock, parts.version).book.state();
  if (consent.status !== "granted") {
    throw new HeatpoolError("CONSENT_MISSING", "the owner has not agreed to share", {
      hint: "First run `heatpool consent grant`; nobody is called before.",
    });
  }
  const identity = openIdentity(config, parts).identity();
  if (identity.record().present !== undefined) {
    throw new HeatpoolError("STATE_INVALID", "this machine is enrolled already", {
      hint: "`heatpool identity show` shows as whom.",
    });
  }
  const { withEnrolment } = await import("./uplink/enrolment-client.js");
  const offer = { consent: consent.record, claimToken: wish.claimToken };
  const recoveryCode = await withEnrolment(toEnrolEndpoint(backend, wish.address), (port) =>
    enrolDevice(identity, port, offer),
  );
  return { installationId: identity.installationId, recoveryCode };
}

/** What the community says. @throws HeatpoolError `CONFIG_INVALID` · what the backend says */
export async function askCommunity(
  parts: IdentityParts & Pick<DaemonParts, "config" | "devices">,
): Promise<unknown> {
  const id = openState(parts.config, parts.clock, "").installationId.read()?.trim();
  return await withCommunity(parts, async (client, models) => ({
    pool: await client.poolStatus(),
    models: await Promise.all(
      models.map(async (model) => ({
        model,
        eligibility: id === undefined ? undefined : await client.eligibility(id, model),
        averages: await client.averages(model, []),
      })),
    ),
  }));
}

/** Whether this installation may have models of any of its heat pumps. */
async function askEligible(parts: DaemonParts, installationId: string): Promise<boolean> {
  return await withCommunity(parts, async (client, models) => {
    const answers = models.map((model) => client.eligibility(installationId, model));
    return (await Promise.all(answers)).some((one) => one.isEligible);
  });
}

/** A conversation with the backend about the community, for as long as `ask` takes. */
async function withCommunity<T>(
  parts: IdentityParts & Pick<DaemonParts, "config" | "devices">,
  ask: (client: CommunityClient, models: readonly string[]) => Promise<T>,
): Promise<T> {
  const { config, devices } = parts;
  if (config.backend === undefined) {
    throw new HeatpoolError("CONFIG_INVALID", "no backend is configured", {
      hint: "Add the part `backend` to the configuration.",
    });
  }
  const { connectCommunity } = await import("./uplink/community-client.js");
  const identity = hasIdentity(config) ? openIdentity(config, parts).identity() : undefined;
  const client = connectCommunity(toOwnEndpoint(config.backend, identity));
  const models = [...new Set(devices.map(heatpumpModelOf))];
  try {
    return await ask(client, models);
  } finally {
    client.close();
  }
}

/** @throws HeatpoolError `CONFIG_INVALID` for settings that do not fit the device's profile */
export function checkDevices(devices: readonly ConfiguredDevice[]): void {
  for (const device of devices) {
    checkTransport(device);
    checkPollInterval(device.profile, device.config.pollIntervalSeconds * 1000);
    toDeviceStream(device);
  }
}

function checkTransport({ config, profile }: ConfiguredDevice): void {
  const isMqtt = isMqttProfile(profile);
  const hasBroker = config.broker !== undefined;
  if (isMqtt === hasBroker) return;
  const needs = isMqtt ? "an MQTT broker" : "the host of a Modbus server";
  throw new HeatpoolError("CONFIG_INVALID", `${config.deviceId}: ${profile.name} needs ${needs}`, {
    hint: isMqtt
      ? "Replace host by broker: { host: … }; see the profile for its parameters."
      : "Replace broker by host.",
  });
}

/**
 * Runs until `signal`, or until everything about the owner was erased: then nothing is known any
 * more, and running again begins anew.
 *
 * @throws HeatpoolError what must be mended by a person
 */
export async function runDaemon(
  parts: DaemonParts,
  signal: AbortSignal,
): Promise<"stopped" | "erased"> {
  const { config, clock, chance, log, notify, version } = parts;
  checkDevices(parts.devices);
  wipeWhenAnswered(config);
  const state = openState(config, clock, version);
  const installationId = openInstallationId(state.installationId, chance);
  const kept = createKeeper(parts);
  const uplink: { state: UplinkState | undefined } = { state: undefined };
  const commitMs = config.backlog.commitIntervalSeconds * 1000;
  const signs = createVitalSigns(clock, commitMs, () => sharing.queue?.status().mode === "memory");
  const sharing: Sharing<Backlog> = createSharing({
    book: state.book,
    clock,
    log,
    hasBackend: config.backend !== undefined,
    async openQueue() {
      const backlog = await openBacklog(parts, state.backlogFolder);
      backlog.onCommit((snapshots) => {
        signs.committed();
        log("debug", "backlog.committed", { snapshots: snapshots.length });
      });
      return backlog;
    },
    async deliver(...term) {
      const [backlog, ...agreed] = term;
      const [record, stop, withdrawn] = agreed;
      const receiver = models?.open(record);
      const over = AbortSignal.any([stop, withdrawn]);
      const delivery = createDelivery(
        parts,
        state,
        { installationId, kept },
        {
          onState(next) {
            uplink.state = next;
          },
          // Nobody is asked for models without the owner's agreement, nor without a certificate.
          onReady() {
            refreshing ??= models?.run(over);
          },
          onModels: (link) => receiver?.attach(link),
        },
      );
      let refreshing: Promise<void> | undefined;
      await delivery(page?.sent.watch(backlog) ?? backlog, ...agreed);
      await Promise.all([receiver?.close(), refreshing]);
      if (withdrawn.aborted) models?.wipe();
    },
    async destroyRemains() {
      if (models === undefined) wipeModels(config, state.models);
      else models.wipe();
      await destroyRemains(parts, state.backlogFolder);
    },
  });
  const erasure = openErasure(parts, async () => {
    if (isSettled(state.book.state())) return;
    state.book.withdraw();
    await sharing.consentChanged();
  });
  let isErased = false;
  const devices = openDevices(parts);
  const home = await openHomePublishing(parts, installationId, homeBroker(config));
  const notices = await openHouseNotices(parts, installationId, {
    devices: () => devices.map(toWatched),
    backlog: () => sharing.queue?.status(),
    askEligible: async () =>
      sharing.state.status === "granted" && config.backend !== undefined
        ? await askEligible(parts, installationId)
        : undefined,
  });
  const models = await openModels(
    parts,
    state.models,
    kept?.identity ?? openIdentity(config, parts).identity(),
  );
  const scorer = await openHouseScorer(
    parts,
    (notice) => (parts.tell ?? notices?.tell ?? logNotice)(notice),
    parts.communityModels ?? toCommunity(models),
  );
  models?.active.onTaken(() => scorer?.modelsChanged());
  function logNotice({ kind, subject, severity, isResolved }: Notice): void {
    log("info", "notice.told", { kind, subject, severity, isResolved });
  }
  const history = await openHistory(parts);
  const snapshots = createSnapshotNews(devices);
  const consentChanged = async () => {
    await sharing.consentChanged();
    kept?.keeper.wake();
  };
  const status = () =>
    describeDaemon({
      parts,
      installationId,
      kept,
      sharing,
      devices,
      uplink: uplink.state,
      models,
      history,
      notices,
      home,
      scorer,
    });
  const page = await openPage({
    ...{ parts, status, devices, sharing, history, scorer, consentChanged },
    ...{ book: state.book, uplink: () => uplink.state, onSnapshot: snapshots.listen },
  });
  const ending = new AbortController();
  signal.addEventListener("abort", () => ending.abort(), { once: true });
  if (signal.aborted) ending.abort();
  const lateEnding = new AbortController();
  /** One part that fails ends the others, in order. */
  const guarded = async (part: Promise<void>) => {
    try {
      await part;
    } catch (fault) {
      ending.abort();
      throw fault;
    }
  };
  log("info", "daemon.started", {
    version,
    node: process.version,
    devices: devices.length,
    consent: sharing.state.status,
  });
  const polling = Promise.all(
    devices.map((device) =>
      guarded(
        poll(device, parts, { sharing, signs, history, snapshots, home, scorer }, ending.signal),
      ),
    ),
  );
  const rest = Promise.all([
    guarded(sharing.run(lateEnding.signal)),
    guarded(notices?.run(lateEnding.signal) ?? Promise.resolve()),
    guarded(home?.run(lateEnding.signal) ?? Promise.resolve()),
    guarded(scorer?.run(lateEnding.signal) ?? Promise.resolve()),
    guarded(
      kept?.keeper.tellWithdrawal(() => {
        return sharing.state.status === "withdrawn";
      }, lateEnding.signal) ?? Promise.resolve(),
    ),
    guarded(
      erasure.run(lateEnding.signal).then(({ status }) => {
        isErased = status === "erased";
        if (isErased) ending.abort();
      }),
    ),
    guarded(
      runControlSocket(
        {
          path: controlSocketPath(config.runtimeDir),
          control: {
            status,
            ...(scorer !== undefined && {
              scorer: { parse: parseScorerQuestion, answer: (ask) => answerScorer(scorer, ask) },
            }),
            backlog: async () => ({
              backlog: sharing.queue === undefined ? undefined : await reportBacklog(sharing.queue),
            }),
            community: () => askCommunity(parts),
            enrol: async (wish) => {
              const done = await enrolInstallation(config, parts, wish);
              kept?.keeper.wake();
              return done;
            },
            erase: () => eraseSoon(erasure, clock),
            recoveryCode: async () => ({ recoveryCode: await renewRecoveryCode(parts) }),
            ownData: () => exportEverything(parts, state.book, sharing.queue),
            rejected: async (ask) => ({
              rejected:
                sharing.queue === undefined
                  ? undefined
                  : await answerDeadLetters(sharing.queue, ask),
            }),
            history: (ask) => (history === undefined ? null : answerHistory(history, ask)),
            consentChanged: async () => {
              await consentChanged();
              return { consent: sharing.state.status };
            },
          },
          onListening: () => notify("READY=1"),
        },
        lateEnding.signal,
      ),
    ),
    guarded(history?.run(lateEnding.signal) ?? Promise.resolve()),
    guarded(page?.run(lateEnding.signal) ?? Promise.resolve()),
    parts.watchdogMs === undefined
      ? undefined
      : runWatchdog(
          { notify, clock, watchdogMs: parts.watchdogMs, isHealthy: () => signs.isHealthy() },
          lateEnding.signal,
        ),
  ]);
  const ended = endInOrder({ polling, rest, ending, lateEnding, devices, clock });
  try {
    await Promise.all([polling, rest, ended]);
  } finally {
    await models?.close();
    if (!isErased) notify("STOPPING=1");
    log("info", "daemon.stopped");
  }
  wipeWhenAnswered(config);
  return isErased ? "erased" : "stopped";
}

/** Nothing to end: never agreed, or withdrawn with the queue wiped. */
function isSettled(state: ConsentState): boolean {
  return state.status === "missing" || (state.status === "withdrawn" && !state.pending);
}

/** The owner's command is told what there is within its patience; the rest goes on without it. */
async function eraseSoon(erasure: Erasure, clock: Clock): Promise<ErasureState> {
  erasure.begin();
  const done = new AbortController();
  const attempt = erasure.attempt();
  const found = await Promise.race([attempt, clock.sleep(ERASE_PATIENCE_MS, done.signal)]);
  done.abort();
  erasure.wake();
  return found ?? erasure.state();
}

/** Pollers first, then what keeps and sends what they read; and never longer than allowed. */
async function endInOrder(of: {
  polling: Promise<unknown>;
  rest: Promise<unknown>;
  ending: AbortController;
  lateEnding: AbortController;
  devices: readonly DeviceRecord[];
  clock: Clock;
}): Promise<void> {
  await fired(of.ending.signal);
  const done = new AbortController();
  const inTime = (ms: number) => of.clock.sleep(ms, done.signal);
  const quietly = (part: Promise<unknown>) =>
    part.then(
      () => undefined,
      () => undefined,
    );
  await Promise.race([quietly(of.polling), inTime(POLL_END_MAX_MS)]);
  await Promise.all(of.devices.map((device) => device.source.close()));
  of.lateEnding.abort();
  await Promise.race([quietly(of.rest), inTime(SHUTDOWN_MAX_MS - POLL_END_MAX_MS)]);
  done.abort();
}

function openDevices({
  config,
  devices,
  clock,
  chance,
  log,
}: DaemonParts): readonly DeviceRecord[] {
  const queue = createEndpointQueue(clock);
  return devices.map(({ config: device, profile }) => ({
    config: device,
    profile,
    source: openSource(
      { config: device, profile },
      {
        queue,
        clock,
        chance,
        patience: "first",
        stateDir: config.stateDir,
        onNotice: (text) => log("warn", "device.notice", { device: device.deviceId, text }),
      },
    ),
    state: undefined,
    newest: undefined,
    shareable: 0,
    polls: 0,
    failedPolls: 0,
  }));
}

/** Where a snapshot goes. */
interface Takers {
  readonly sharing: Sharing<Backlog>;
  readonly signs: VitalSigns;
  readonly history: History | undefined;
  readonly snapshots: { tell(deviceId: string): void };
  readonly scorer: Scorer | undefined;
  readonly home: HomePublisher | undefined;
}

async function poll(
  device: DeviceRecord,
  { clock, chance, log }: DaemonParts,
  { sharing, signs, history, snapshots, home, scorer }: Takers,
  signal: AbortSignal,
): Promise<void> {
  const { deviceId, pollIntervalSeconds } = device.config;
  const intervalMs = pollIntervalSeconds * 1000;
  const { table } = toDeviceStream(device);
  const shared = new Set(table.channels.map(({ metric }) => metric));
  signs.expect(deviceId, intervalMs);
  await runPoller(
    {
      source: device.source,
      clock,
      chance,
      intervalMs,
      minIntervalMs: minPollMs(device.profile),
      onSnapshot(snapshot) {
        device.newest = snapshot;
        device.shareable = snapshot.readings.filter(
          ({ metric, value }) => value !== undefined && shared.has(metric),
        ).length;
        history?.record(snapshot);
        sharing.record(snapshot);
        snapshots.tell(deviceId);
        home?.show(snapshot);
        scorer?.take(snapshot);
        if (sharing.queue !== undefined) signs.snapshotTaken();
      },
      onLoss: (loss) => sharing.recordLoss(loss),
      onState(state) {
        const isNews = device.state?.kind !== state.kind;
        device.state = state;
        if (isNews) home?.showOnline(deviceId, state.kind === "online");
        const why = state.kind === "online" ? undefined : state.error.message;
        const level = state.kind === "online" ? "info" : "warn";
        if (isNews) log(level, `device.${state.kind}`, { device: deviceId, why });
      },
      onPollFinished({ isGood, tookMs }) {
        device.polls++;
        if (!isGood) device.failedPolls++;
        signs.pollFinished(deviceId);
        const readings = isGood ? device.shareable : 0;
        const facts = { device: deviceId, tookMs: Math.round(tookMs), readings };
        log("debug", isGood ? "poll.finished" : "poll.failed", facts);
      },
    },
    signal,
  );
}

/** Who delivers. */
interface Self {
  readonly installationId: string;
  /** Left out: the backend wants no certificate. */
  readonly kept: { readonly identity: DeviceIdentity; readonly keeper: IdentityKeeper } | undefined;
}

/** The uplink, loaded only when there is something to deliver: gRPC takes megabytes. */
function createDelivery(
  { config, clock, chance, log, version }: DaemonParts,
  { uplinkLimits }: ReturnType<typeof openState>,
  { installationId, kept }: Self,
  told: {
    readonly onState: (state: UplinkState) => void;
    /** The backend may be called from here on. */
    readonly onReady: () => void;
    readonly onModels: (link: ModelLink) => void;
  },
) {
  return async (
    backlog: Backlog,
    record: ConsentRecord,
    stop: AbortSignal,
    withdrawn: AbortSignal,
  ): Promise<void> => {
    if (config.backend === undefined) return;
    const [{ runUplink }, { createGrpcTransport }] = await Promise.all([
      import("./uplink/uplink.js"),
      import("./uplink/grpc-transport.js"),
    ]);
    const { backend } = config;
    const { profile, intervalSeconds } = config.uplink;
    const over = AbortSignal.any([stop, withdrawn]);
    const deliverUntil = (end: AbortSignal) =>
      runUplink(
        {
          backlog,
          transport: createGrpcTransport(
            toOwnEndpoint(backend, kept?.identity),
            profile === "live",
          ),
          clock,
          chance,
          introduction: {
            installationId,
            bootId: readBootId(),
            daemonVersion: version,
            consentVersion: record.version,
            consentScopes: record.scopes,
          },
          profile,
          intervalSeconds,
          limitStore: uplinkLimits,
          log,
          withdrawn,
          onServerTime: (serverTimeMs, roundTripMs) => clock.learn(serverTimeMs, roundTripMs),
          onIdentityDoubt: (why) => kept?.keeper.doubt(why),
          onState: told.onState,
          onModels: told.onModels,
        },
        end,
      );
    if (kept === undefined) {
      told.onReady();
      return deliverUntil(stop);
    }
    // A new certificate is shown by a new connection.
    while (!over.aborted && (await kept.keeper.ready(record, over))) {
      told.onReady();
      const again = new AbortController();
      const done = new AbortController();
      const renewing = kept.keeper
        .renewed(AbortSignal.any([over, done.signal]))
        .finally(() => again.abort());
      await deliverUntil(AbortSignal.any([stop, again.signal])).finally(() => done.abort());
      await renewing;
    }
  };
}

/** Community models, loaded only where a root is pinned: the crypto takes megabytes. */
async function openModels(
  parts: DaemonParts,
  file: StateFile,
  identity: DeviceIdentity,
): Promise<DaemonModels | undefined> {
  if (parts.config.backend?.rootFile === undefined) return undefined;
  const room = await import("./commands/open-models.js");
  const heatpumpModels = parts.devices.map(heatpumpModelOf);
  return await room.openModels({ ...parts, identity, file, heatpumpModels });
}

/** What the scorer may use: of a heat pump model its own, else the one for all. */
function toCommunity(models: DaemonModels | undefined): CommunityModels | undefined {
  if (models === undefined) return undefined;
  return {
    newest(heatpumpModel) {
      const all = models.active.list();
      const found =
        all.find(({ target }) => target.heatpumpModels.includes(heatpumpModel)) ??
        all.find(({ target }) => target.heatpumpModels.includes("*"));
      if (found === undefined) return undefined;
      const { modelId, release } = found.target;
      return { modelId, release, plain: found.plain };
    },
  };
}

/** Forgets models, grants and files without a daemon; used by the command. */
export function wipeModels(config: Config, file: StateFile): void {
  try {
    openModelBook(file).wipe();
  } catch (fault) {
    // A book that cannot be read must not keep anybody from withdrawing.
    if (!(fault instanceof HeatpoolError)) throw fault;
    file.remove();
  }
  openModelCache(config.cacheDir).keepOnly([]);
}

/** The house's own values; a history that does not open costs charts, never a reading. */
async function openHistory(parts: DaemonParts): Promise<History | undefined> {
  const { config, log } = parts;
  if (config.history.limitMiB === 0) return undefined;
  try {
    return await openHistoryFolder(parts, (trouble) =>
      log(trouble === undefined ? "info" : "error", "history.trouble", { why: trouble }),
    );
  } catch (fault) {
    if (!(fault instanceof HeatpoolError)) throw fault;
    log("error", "history.unavailable", { why: fault.message });
    return undefined;
  }
}

export function historyFolder(config: Config): string {
  return join(config.stateDir, "history");
}

/** Opens the history as configured; for the commands as well. */
export async function openHistoryFolder(
  { config, devices, clock }: Pick<DaemonParts, "config" | "devices" | "clock">,
  onTrouble: (why: string | undefined) => void,
): Promise<History> {
  const { openLevelHistory } = await import("./history/level-history.js");
  const options = {
    streams: devices.map(toDeviceStream),
    clock,
    commitIntervalMs: config.history.commitIntervalSeconds * 1000,
    limitBytes: config.history.limitMiB * MIB,
    onTrouble: (cause: HeatpoolError | undefined) => onTrouble(cause?.message),
  };
  return await openLevelHistory(historyFolder(config), options, (cause) =>
    onTrouble(String(cause)),
  );
}

/** What commands ask of the history. */
async function answerHistory(history: History, ask: HistoryAsk): Promise<unknown> {
  if (ask.action === "status") {
    return { ...history.status(), oldestMs: await history.oldestMs() };
  }
  const rows: unknown[] = [];
  for await (const { atMs, values } of history.rows({ deviceId: ask.deviceId }, ask)) {
    rows.push([atMs, Object.fromEntries(values)]);
  }
  return rows;
}

/** Tells listeners that a device has a new snapshot. */
function createSnapshotNews(devices: readonly DeviceRecord[]) {
  const listeners = new Set<(deviceId: string) => void>();
  return {
    tell(deviceId: string) {
      for (const listener of listeners) listener(deviceId);
    },
    listen(listener: (deviceId: string) => void) {
      listeners.add(listener);
      for (const { config, newest } of devices) {
        if (newest !== undefined) listener(config.deviceId);
      }
      return () => listeners.delete(listener);
    },
  };
}

/** The page in the house. */
interface LocalPage {
  readonly sent: SentBatches;
  run(signal: AbortSignal): Promise<void>;
}

/** `undefined`: the configuration has no part `local`, so nothing of it is loaded. */
async function openPage(of: {
  parts: DaemonParts;
  status: () => unknown;
  devices: readonly DeviceRecord[];
  sharing: Sharing<Backlog>;
  scorer: Scorer | undefined;
  history: History | undefined;
  consentChanged: () => Promise<void>;
  book: ReturnType<typeof openConsentBook>;
  uplink: () => UplinkState | undefined;
  onSnapshot: (listener: (deviceId: string) => void) => () => void;
}): Promise<LocalPage | undefined> {
  const { config, devices, clock, chance, log } = of.parts;
  const { local, backend } = config;
  if (local === undefined) return undefined;
  const [{ runLocal }, { createHouse }, { createSentBatches }, { packagedPage }] =
    await Promise.all([
      import("./local/run-local.js"),
      import("./local/create-house.js"),
      import("./local/sent-batches.js"),
      import("./local/page-files.js"),
    ]);
  const tables = devices.map(toDeviceStream).map(({ table }) => table);
  const sent = createSentBatches(clock, () => [
    ...tables,
    ...(of.sharing.queue?.streams() ?? []).map(({ table }) => table),
  ]);
  const house = createHouse({
    clock,
    status: of.status,
    devices: () => of.devices.map(toHouseDevice),
    show: (snapshot, profile, language) => showReadings(snapshot, profile, language, true),
    history: of.history,
    consent: {
      book: of.book,
      texts: CONSENT_TEXTS,
      version: CONSENT_VERSION,
      scopes: SCOPES,
      changed: of.consentChanged,
    },
    backend: backend?.url,
    backlog: () => of.sharing.queue?.status(),
    uplink: of.uplink,
    sent,
    community: () => askCommunity(of.parts),
    alarms: listAlarms(of.scorer),
    onSnapshot: of.onSnapshot,
  });
  const deps = { house, pageFolder: packagedPage(), clock, chance, log };
  return { sent, run: (signal) => runLocal({ ...deps, config: local }, signal) };
}

function toHouseDevice(device: DeviceRecord): HouseDevice {
  const { heatpumpModel, table, stepMs } = toDeviceStream(device);
  const { profile, newest, polls, failedPolls, state } = device;
  return {
    ...{ deviceId: device.config.deviceId, profile, heatpumpModel, pollIntervalMs: stepMs },
    metrics: table.channels.map(({ metric }) => metric),
    ...{ newest, polls, failedPolls },
    state: state?.kind ?? "unknown",
    why: state === undefined || state.kind === "online" ? undefined : state.error.message,
  };
}

/** Wipes what is on disk without a daemon; used by the command as well. */
export async function destroyRemains(
  parts: Pick<DaemonParts, "config" | "devices" | "clock" | "chance">,
  directory: string,
): Promise<void> {
  const { existsSync } = await import("node:fs");
  if (!existsSync(directory)) return;
  const backlog = await openBacklog(parts, directory);
  await backlog.wipe();
  await backlog.close();
}

/** The backlog's figures, epochs and newest losses. */
export async function reportBacklog(backlog: Backlog) {
  const losses = await backlog.losses(0, LOSSES_SHOWN_MAX);
  return { status: backlog.status(), epochs: backlog.epochs(), losses };
}

function describeDaemon(of: {
  parts: DaemonParts;
  installationId: string;
  kept: Self["kept"];
  sharing: Sharing<Backlog>;
  devices: readonly DeviceRecord[];
  uplink: UplinkState | undefined;
  models: DaemonModels | undefined;
  history: History | undefined;
  notices: NoticeDesk | undefined;
  home: HomePublisher | undefined;
  scorer: Scorer | undefined;
}): unknown {
  const { parts, sharing } = of;
  return {
    version: parts.version,
    installationId: of.installationId,
    clockSynced: parts.clock.isSynced(),
    consent: sharing.state.status,
    backend: parts.config.backend?.url,
    identity: of.kept?.keeper.describe(),
    uplink: of.uplink,
    ...of.models?.describe(),
    backlog: sharing.queue?.status(),
    history: of.history?.status(),
    notices: of.notices?.states(),
    homeAssistant: of.home?.state(),
    anomaly: of.scorer?.devices(),
    vitals: of.scorer?.vitals(),
    devices: of.devices.map((device) => ({
      ...describeSource(device.source),
      deviceId: device.config.deviceId,
      profile: device.profile.name,
      state: device.state?.kind ?? "unknown",
      why:
        device.state === undefined || device.state.kind === "online"
          ? undefined
          : device.state.error.message,
      polls: device.polls,
      failedPolls: device.failedPolls,
      newestAtMs: device.newest?.takenAtMs,
      readings: device.newest?.readings.filter(({ value }) => value !== undefined).length ?? 0,
    })),
    memory: { rssMiB: Math.round(process.memoryUsage.rss() / MIB) },
  };
}

/** The heat pump as the owner is told about it. */
function toWatched({ config, state }: DeviceRecord): WatchedDevice {
  const isOnline = state === undefined ? undefined : state.kind === "online";
  return { deviceId: config.deviceId, isOnline };
}

/** What only one transport has. */
function describeSource(source: RegisterSource | TopicSource) {
  const status = source.status();
  return "quarantine" in status
    ? { quarantined: status.quarantine.length }
    : { quarantined: 0, mqtt: status };
}
