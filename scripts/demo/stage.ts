/**
 * The stage of the demo: heat pump, backend, wire, daemon and community, started in that order and
 * struck in the opposite one. The programs are the real ones, as child processes.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { planChannels } from "#core/batch/device-channels.js";
import type { Clock } from "#core/clock.js";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { Profile } from "#core/profile/profile.js";
import { type AdminClient, connectAdmin } from "../../backend/rpc/admin-client.js";
import { askDaemon, controlSocketPath } from "../../daemon/local/control-socket.js";
import { createHeatPumpModel, type HeatPumpModel } from "../../daemon/simulator/heat-pump-model.js";
import { type ModbusServer, startModbusServer } from "../../daemon/simulator/modbus-server.js";
import { createProfileImage } from "../../daemon/simulator/profile-image.js";
import { createGrpcTransport } from "../../daemon/uplink/grpc-transport.js";
import { contribute } from "./contributors.js";
import { enrolHome } from "./homes.js";
import { type Link, openLink } from "./link.js";
import { type Program, runProgram, startProgram } from "./program.js";
import type { Facts } from "./view.js";

/** How long the connection is cut. */
export const CUT_SECONDS = 8;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DAEMON = join(ROOT, "dist/daemon/main.js");
const BACKEND = join(ROOT, "dist/backend/main.js");
const PROFILE = "idm/navigator-2.0";
const SEED = 7;
/** A simulated heat pump may be polled faster than the real one wishes. */
const POLL_SECONDS = 1;
const SEAL_SECONDS = 3;
/** Simulated seconds that pass in a real one, so that something happens to see. */
const SPEED = 60;
const SHOWN_METRICS = ["temp_flow", "power_current", "cop_current"];

/** Everything that runs. */
export interface Stage {
  readonly link: Link;
  facts(): Promise<Facts>;
  /** Readings of the real installation, counted by the backend. */
  storedReadings(): Promise<number>;
  community(): Promise<{ isEligible: boolean; installations: number }>;
  communityBytesPerSample(): number;
  /** Stops answering, so that nothing new is taken. */
  restHeatPump(): void;
  wakeHeatPump(): void;
  hints(): string[];
  strike(): Promise<void>;
}

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  isSynced: () => true,
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};

/** Starts everything below `folder`. */
export async function setStage(
  folder: string,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<Stage> {
  const startedMs = Date.now();
  const strikes: (() => Promise<unknown>)[] = [];
  const profile = writeFastProfile(folder);
  const heatPump = await startHeatPump(profile);
  strikes.push(heatPump.stop);
  note(`heat pump    Modbus TCP on 127.0.0.1:${heatPump.server.port}, profile ${PROFILE}`);

  const backend = await startBackend(folder);
  strikes.push(() => backend.program.stop());
  note(`backend      gRPC over TLS on 127.0.0.1:${backend.port}`);
  const admin = connectAdmin(`127.0.0.1:${backend.adminPort}`, backend.authority, clock);
  const link = await openLink(backend.port);
  strikes.push(() => link.close());
  const communityLink = await openLink(backend.port);
  strikes.push(() => communityLink.close());

  const daemon = await startDaemon(folder, heatPump.server.port, {
    main: link.port,
    enrol: backend.enrolPort,
  });
  strikes.push(() => daemon.stop());
  note("daemon       consent given, enrolled, polling and delivering");

  const progress = { delivered: 0, all: 0, readings: 0 };
  const endpoint = {
    address: `localhost:${communityLink.port}`,
    caFile: join(folder, "backend/tls/ca.crt"),
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: false,
  } as const;
  const ending = new AbortController();
  const contributing = contribute(
    {
      table: planChannels(profile, {}),
      profile: PROFILE,
      heatpumpModel: PROFILE,
      clock,
      connect: async (installationId, consent) => {
        const identity = await enrolHome(folder, backend.enrolPort, installationId, consent);
        return createGrpcTransport({ ...endpoint, identity }, true);
      },
      onProgress: (delivered, all) => Object.assign(progress, { delivered, all }),
    },
    AbortSignal.any([signal, ending.signal]),
  ).then(async () => {
    if (ending.signal.aborted) return;
    const released = await admin.releaseStatistics();
    note(`community    ${released.cohortsReleased} cohort released under the ordinary rules`);
  });
  const counts = countPolls(daemon);
  const installationId = readFileSync(join(folder, "daemon/installation-id"), "utf8").trim();
  const socket = controlSocketPath(join(folder, "run"));

  const averages = {
    lines: [] as string[],
    eligibility: "not asked yet",
    installations: 0,
    isEligible: false,
  };
  const askAverages = async (): Promise<void> => {
    const asked = (await askDaemon(clock, socket, "GET /community")) as CommunityAnswer;
    const [answer] = asked.models;
    if (answer === undefined) return;
    averages.isEligible = answer.eligibility.isEligible;
    averages.eligibility = answer.eligibility.reason.en;
    averages.installations = answer.averages.installations;
    const shown = answer.averages.metrics.filter((one) => SHOWN_METRICS.includes(one.metric));
    averages.lines = shown.map(
      (one) =>
        `${one.metric}: mean ${one.mean} ${one.unit}, median ${one.median} (${one.installations} homes)`,
    );
  };

  return {
    link,
    async facts() {
      await askAverages().catch(() => undefined);
      const status = (await askDaemon(clock, socket, "GET /status")) as DaemonStatus;
      return {
        seconds: (Date.now() - startedMs) / 1000,
        polls: counts.polls,
        readingsTaken: counts.readings,
        isOnline: status.uplink?.isOnline === true,
        backlog: status.backlog ?? NO_BACKLOG,
        wireBytes: link.bytesUp,
        communityDelivered: progress.delivered,
        communityAll: progress.all,
        averages: averages.lines,
        eligibility: averages.eligibility,
      };
    },
    storedReadings: () => storedReadings(admin, installationId),
    async community() {
      await contributing;
      await askAverages();
      return { isEligible: averages.isEligible, installations: averages.installations };
    },
    communityBytesPerSample() {
      const perSnapshot = communityLink.bytesUp / Math.max(1, progress.delivered);
      return perSnapshot / heatPump.modelledChannels;
    },
    restHeatPump: () => heatPump.server.setOffline(true),
    wakeHeatPump: () => heatPump.server.setOffline(false),
    hints: () => hintsFor(folder, backend.adminPort),
    async strike() {
      ending.abort();
      await contributing.catch(() => undefined);
      admin.close();
      for (const strike of strikes.reverse()) await strike();
    },
  };
}

interface CommunityAnswer {
  readonly models: readonly {
    readonly eligibility: {
      readonly isEligible: boolean;
      readonly reason: { readonly en: string };
    };
    readonly averages: {
      readonly installations: number;
      readonly metrics: readonly {
        readonly metric: string;
        readonly unit: string;
        readonly mean: number;
        readonly median: number;
        readonly installations: number;
      }[];
    };
  }[];
}

interface DaemonStatus {
  readonly uplink?: { readonly isOnline: boolean };
  readonly backlog?: Facts["backlog"];
}

const NO_BACKLOG: Facts["backlog"] = {
  snapshots: 0,
  unsealed: 0,
  admitted: 0,
  lost: 0,
  unaccounted: 0,
};

/** The shipped profile with a shorter least interval, in a folder that goes before the packaged. */
function writeFastProfile(folder: string): Profile {
  const text = readFileSync(join(ROOT, "firmware-profiles", `${PROFILE}.yaml`), "utf8");
  const fast = text.replace(/pollSecondsMin: \d+/, `pollSecondsMin: ${POLL_SECONDS}`);
  const file = join(folder, "profiles", `${PROFILE}.yaml`);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, fast);
  return parseProfile(fast, `${PROFILE}.yaml`);
}

async function startHeatPump(
  profile: Profile,
): Promise<{ server: ModbusServer; modelledChannels: number; stop: () => Promise<void> }> {
  const model: HeatPumpModel = createHeatPumpModel({ seed: SEED });
  const server = await startModbusServer(createProfileImage(profile, model), {
    host: "127.0.0.1",
    port: 0,
    blockWordsMax: profile.connection.wordsPerReadMax,
  });
  const timer = setInterval(() => model.advance(SPEED), 1000);
  const modelledChannels = planChannels(profile, {}).channels.filter(
    ({ metric }) => model.value(metric) !== undefined,
  ).length;
  return {
    server,
    modelledChannels,
    async stop() {
      clearInterval(timer);
      await server.close();
    },
  };
}

async function startBackend(folder: string): Promise<{
  program: Program;
  port: number;
  enrolPort: number;
  adminPort: number;
  authority: Buffer;
}> {
  const state = join(folder, "backend");
  const config = join(folder, "backend.yaml");
  writeFileSync(
    config,
    [
      `stateDir: ${state}`,
      `runtimeDir: ${join(folder, "run-backend")}`,
      "main: { host: 127.0.0.1, port: 0 }",
      "admin: { port: 0 }",
      // A daemon comes back within two seconds instead of a minute, so that the demo stays short.
      "stream: { reconnectSpreadSeconds: 2, backlogKiBPerSecond: 0 }",
      // A whole community enrols from one address here.
      "enrol: { port: 0, callsPerPrefixPerHour: 0 }",
    ].join("\n"),
  );
  runProgram([BACKEND, "ca", "init", "--config", config, "--host", "127.0.0.1"]);
  const program = startProgram([BACKEND, "serve", "--config", config]);
  const line = await program.waitFor("backend.listening");
  return {
    program,
    port: Number(line.mainPort),
    enrolPort: Number(line.enrolPort),
    adminPort: Number(line.adminPort),
    authority: readFileSync(join(state, "tls/ca.crt")),
  };
}

async function startDaemon(
  folder: string,
  modbusPort: number,
  ports: { main: number; enrol: number },
): Promise<Program> {
  const config = join(folder, "heatpool.yaml");
  writeFileSync(
    config,
    [
      `stateDir: ${join(folder, "daemon")}`,
      `runtimeDir: ${join(folder, "run")}`,
      `profileDirs: ["${join(folder, "profiles")}"]`,
      "logLevel: debug",
      "devices:",
      `  - { host: 127.0.0.1, port: ${modbusPort}, profile: ${PROFILE}, pollIntervalSeconds: ${POLL_SECONDS} }`,
      "backend:",
      `  url: localhost:${ports.main}`,
      `  enrolUrl: localhost:${ports.enrol}`,
      `  caFile: ${join(folder, "backend/tls/ca.crt")}`,
      `  claimTokenFile: ${join(folder, "backend/tls/claim-token")}`,
      `keys: { secretFile: ${join(folder, "daemon-secret")} }`,
      `uplink: { profile: live, intervalSeconds: ${SEAL_SECONDS} }`,
      "backlog: { commitIntervalSeconds: 1 }",
    ].join("\n"),
  );
  runProgram([
    DAEMON,
    "consent",
    "grant",
    "--yes",
    "--scopes",
    "community_stats",
    "--config",
    config,
  ]);
  runProgram([DAEMON, "enrol", "--config", config]);
  const program = startProgram([DAEMON, "run", "--config", config]);
  await program.waitFor("poll.finished");
  return program;
}

function countPolls(daemon: Program): { polls: number; readings: number } {
  const counts = { polls: 0, readings: 0 };
  daemon.onLine((line) => {
    if (line.event !== "poll.finished") return;
    counts.polls++;
    counts.readings += Number(line.readings);
  });
  return counts;
}

async function storedReadings(admin: AdminClient, installationId: string): Promise<number> {
  for await (const one of admin.installations()) {
    if (one.installationId === installationId) return one.readingsStored;
  }
  return 0;
}

function hintsFor(folder: string, adminPort: number): string[] {
  const config = join(folder, "heatpool.yaml");
  return [
    `npx heatpool status --community --config ${config}`,
    `npx heatpool read --config ${config}`,
    `npx heatpool-backend installations list --config ${join(folder, "backend.yaml")}`,
    `npx buf curl --protocol grpc --cacert ${join(folder, "backend/tls/ca.crt")} --list-methods https://127.0.0.1:${adminPort}`,
  ];
}
