/**
 * One home of the show with its real daemon: the owner agrees, enrols, brings the record of an
 * earlier logger, and lets the daemon run. What it does is read from its log, as an owner could.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../../daemon/local/control-socket.js";
import { askProgram, type LogLine, type Program, startProgram } from "../program.js";
import type { MachineTime } from "./machine-time.js";
import { type Mailbox, openMailbox } from "./mailbox.js";
import type { Operator } from "./operator.js";
import { createRestWatch, type RestWatch } from "./rest-watch.js";
import {
  PROFILE_NAME,
  PROFILE_TEXT,
  type SimulatedHome,
  STEP_MS,
  startSimulatedHome,
} from "./simulated-home.js";

/** A home, its people and its machine. */
export interface Home {
  readonly name: string;
  readonly heatPump: SimulatedHome;
  readonly mailbox: Mailbox;
  readonly installationId: () => string;
  /** Consent, enrolment, and the record up to `toMs` handed to the backlog. @returns rows shared */
  join(toMs: number): Promise<number>;
  start(): Promise<void>;
  /** Of the daemon that runs now. */
  readonly log: readonly LogLine[];
  seen(event: string): Promise<LogLine>;
  /** So many polls are over, what was sealed is acknowledged, and the stream is open. */
  atRest(polls: number): Promise<void>;
  readonly polls: () => { readonly good: number; readonly failed: number };
  /** When a daemon without a stream tries again; `undefined`: it has one. */
  readonly retryAtMs: () => number | undefined;
  alarms(): Promise<readonly AlarmFacts[]>;
  // biome-ignore lint/suspicious/noExplicitAny: the status is for people
  status(): Promise<any>;
  stop(): Promise<unknown>;
  close(): Promise<void>;
}

/** As `heatpool alarms --all --json` lists it. */
export interface AlarmFacts {
  readonly id: number;
  readonly kind: string;
  readonly source: string;
  readonly model: string;
  readonly severity: string;
  readonly raisedAtMs: number;
  readonly resolvedAtMs?: number;
  readonly parts: readonly { readonly id: string }[];
  readonly possible: readonly string[];
  readonly text: { readonly en: string };
}

const DAEMON = fileURLToPath(new URL("../../../dist/daemon/main.js", import.meta.url));

export async function openHome(
  folder: string,
  name: string,
  time: MachineTime,
  backend: { readonly operator: Operator; readonly port: number },
  simulated: { readonly seed: number; readonly startMs: number; readonly days: number },
): Promise<Home> {
  const at = (file: string) => join(folder, file);
  mkdirSync(at("profiles/acme"), { recursive: true });
  writeFileSync(at(`profiles/${PROFILE_NAME}.yaml`), PROFILE_TEXT);
  const heatPump = await startSimulatedHome({ ...simulated, nowMs: time.nowMs });
  const mailbox = await openMailbox(time.nowMs);
  const config = at("heatpool.yaml");
  writeFileSync(config, settings(at, backend, heatPump.port, mailbox.url).join("\n"));
  const run = (...words: string[]) =>
    askProgram([...time.flags, DAEMON, ...words, "--config", config]);
  const running: { program?: Program; log: LogLine[]; watch: RestWatch } = {
    log: [],
    watch: createRestWatch(time.nowMs),
  };
  return {
    name,
    heatPump,
    mailbox,
    installationId: () => readFileSync(at("state/installation-id"), "utf8").trim(),
    async join(toMs) {
      await run("consent", "grant", "--yes", "--scopes", "model_training,community_stats");
      await run("enrol", "--claim-token", await backend.operator.claimToken());
      writeFileSync(at("earlier-logger.csv"), heatPump.csv(toMs));
      const told = await run("import", "csv", at("earlier-logger.csv"), "--share", "--json");
      const { faults, sharing } = JSON.parse(told);
      if (faults !== 0) throw new Error(`${name}: ${told}`);
      return Number(sharing.shared);
    },
    async start() {
      running.log = [];
      running.watch = createRestWatch(time.nowMs);
      const program = startProgram([...time.flags, DAEMON, "run", "--config", config]);
      running.program = program;
      program.onLine((line) => {
        running.log.push(line);
        running.watch.take(line);
      });
      await program.waitFor("daemon.started");
      time.wake(program.child);
    },
    get log() {
      return running.log;
    },
    seen: (event) => (running.program as Program).waitFor(event),
    atRest: (polls) => running.watch.atRest(polls),
    polls: () => running.watch.polls,
    retryAtMs: () => running.watch.retryAtMs,
    alarms: async () => JSON.parse(await run("alarms", "--all", "--json")).alarms,
    status: () => askDaemon(createSystemClock(), controlSocketPath(at("run")), "GET /status"),
    stop: async () => running.program?.stop(),
    async close() {
      await running.program?.stop();
      await heatPump.close();
      await mailbox.close();
    },
  };
}

function settings(
  at: (file: string) => string,
  { operator: { address }, port }: { readonly operator: Operator; readonly port: number },
  heatPumpPort: number,
  noticesUrl: string,
): string[] {
  return [
    `stateDir: ${at("state")}`,
    `cacheDir: ${at("cache")}`,
    `runtimeDir: ${at("run")}`,
    `profileDirs: ["${at("profiles")}"]`,
    // The events of a poll are told at this level.
    "logLevel: debug",
    "devices:",
    `  - host: 127.0.0.1`,
    `    port: ${heatPumpPort}`,
    `    profile: ${PROFILE_NAME}`,
    `    pollIntervalSeconds: ${STEP_MS / 1000}`,
    "backend:",
    `  url: localhost:${port}`,
    `  enrolUrl: localhost:${address.enrol}`,
    `  caFile: ${address.caFile}`,
    `  rootFile: ${address.rootFile}`,
    `keys: { secretFile: ${at("device-key")} }`,
    "notify:",
    "  quietHours: { fromHour: 22, toHour: 7 }",
    `  channels: [{ kind: webhook, url: "${noticesUrl}" }]`,
  ];
}
