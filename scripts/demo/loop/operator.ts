/**
 * The operator of the show: the real backend, its authority, the ceremony that makes the catalogue's
 * keys, and the commands that train and publish. The key that signs models is not on the backend.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { askProgram, type Program, startProgram } from "../program.js";
import type { MachineTime } from "./machine-time.js";

/** The backend that runs, and what its operator does. */
export interface Operator {
  readonly program: Program;
  /** What daemons are told about it. */
  readonly address: {
    readonly main: number;
    readonly enrol: number;
    readonly caFile: string;
    readonly rootFile: string;
  };
  claimToken(): Promise<string>;
  /** Trains now and returns the run when it is over. */
  train(): Promise<TrainedRun>;
  /** Seals a candidate, signs the list with it on the workstation, and carries the list back. */
  publish(modelId: string, version: string): Promise<{ readonly release: number }>;
  /** Ids of the installations that have a release. */
  holders(modelId: string, release: number): Promise<readonly string[]>;
  stop(): Promise<unknown>;
}

/** As `training runs --json` tells it. */
export interface TrainedRun {
  readonly state: string;
  readonly detail: string;
  readonly durationMs: number;
  readonly models: readonly {
    readonly modelId: string;
    readonly outcome: string;
    readonly version: string;
    readonly installations: number;
    readonly reasons: readonly string[];
    readonly leftOut: Readonly<Record<string, number>>;
  }[];
}

/** What the operator decides. */
export interface PoolSettings {
  /** Least number of installations behind a published model. */
  readonly publishInstallationsMin: number;
  /** An operator's own test pool: fewer than 15 are enough, and everybody is told. */
  readonly isClosedTestPool: boolean;
}

const BACKEND = fileURLToPath(new URL("../../../dist/backend/main.js", import.meta.url));
const ROOT_KEYS = ["root-1", "root-2", "root-3"];

export async function startOperator(
  folder: string,
  time: MachineTime,
  pool: PoolSettings,
): Promise<Operator> {
  mkdirSync(join(folder, "carry"), { recursive: true });
  const at = (name: string) => join(folder, name);
  const config = at("backend.yaml");
  writeFileSync(config, settings(pool).join("\n"));
  const workstation = (...words: string[]) => askProgram([...time.flags, BACKEND, ...words]);
  const here = (...words: string[]) => workstation(...words, "--config", config);
  await here("ca", "init", "--host", "127.0.0.1");
  const rootFile = await holdCeremony(at, workstation, here);
  const program = startProgram([...time.flags, BACKEND, "serve", "--config", config]);
  const { mainPort, enrolPort } = await program.waitFor("backend.listening");
  time.wake(program.child);
  const answer = async (...words: string[]) => JSON.parse(await here(...words, "--json"));
  return {
    program,
    address: {
      main: Number(mainPort),
      enrol: Number(enrolPort),
      caFile: at("state/tls/ca.crt"),
      rootFile,
    },
    claimToken: async () => String((await answer("token", "create", "--claim")).token),
    async train() {
      await here("training", "start");
      for (;;) {
        const { runs } = (await answer("training", "runs")) as { runs: readonly TrainedRun[] };
        const [run] = runs;
        if (run !== undefined && run.state !== "running") return run;
      }
    },
    async publish(modelId, version) {
      const { release } = await answer("models", "publish", modelId, version);
      await here("keys", "export", "--out", at("carry"));
      const [root, from] = [at("carry/root.json"), at("carry/targets.json")];
      const [add, out] = [at("carry/proposed.json"), at("carry/next.targets.json")];
      const lists = ["--root", root, "--from", from, "--add", add, "--out", out];
      await workstation("keys", "sign-targets", ...lists, "--key", at("targets-1.key"));
      await here("keys", "import", out);
      return { release: Number(release) };
    },
    async holders(modelId, release) {
      const { releases } = await answer("models", "list");
      const found = (
        releases as { modelId: string; release: number; installedAt: readonly string[] }[]
      ).find((one) => one.modelId === modelId && one.release === release);
      return found?.installedAt ?? [];
    },
    stop: () => program.stop(),
  };
}

function settings({ publishInstallationsMin, isClosedTestPool }: PoolSettings): string[] {
  return [
    "stateDir: state",
    "runtimeDir: run",
    "main: { host: 127.0.0.1, port: 0 }",
    // All homes of the show enrol from one address.
    "enrol: { port: 0, callsPerPrefixPerHour: 0 }",
    `training: { publishInstallationsMin: ${publishInstallationsMin} }`,
    `privacy: { closedTestPool: ${isClosedTestPool} }`,
  ];
}

type Run = (...words: string[]) => Promise<string>;

/** docs/operations.md, "the ceremony step by step". @returns the root that daemons are given */
async function holdCeremony(at: (name: string) => string, workstation: Run, here: Run) {
  const add = (role: string, name: string) =>
    workstation("keys", "add", role, "--dir", at(""), "--name", name, "--plain");
  await here("keys", "init", "--out", at("online.pub"));
  await Promise.all([...ROOT_KEYS.map((name) => add("root", name)), add("targets", "targets-1")]);
  const [rootFile, targetsFile] = [at("1.root.json"), at("1.targets.json")];
  const publics = [...ROOT_KEYS, "targets-1", "online"].map((name) => at(`${name}.pub`));
  await workstation("keys", "root", "--public", ...publics, "--out", rootFile);
  for (const name of ROOT_KEYS.slice(0, 2))
    await workstation("keys", "sign", rootFile, "--key", at(`${name}.key`));
  const by = ["--root", rootFile, "--key", at("targets-1.key")];
  await workstation("keys", "sign-targets", ...by, "--out", targetsFile);
  await here("keys", "import", rootFile, targetsFile);
  return rootFile;
}
