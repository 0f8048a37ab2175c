/**
 * A process to be killed: takes one granted model with the daemon's own rooms, and kills itself
 * (SIGKILL) at the given step. A step is any call that changes files.
 *
 * Arguments: folder, file with what is granted, step (0: none), `before` or `after` that call. The
 * last line printed is the number of steps that a whole switch has.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { createX25519Pair } from "#core/envelope/key-agreement.js";
import { openStateFile } from "../../daemon/host/state-file.js";
import { openModelBook } from "../../daemon/model/model-book.js";
import { openModelCache } from "../../daemon/model/model-cache.js";
import type { ModelListener } from "../../daemon/model/model-link.js";
import { createModelReceiver, type ReceiverParts } from "../../daemon/model/receive-models.js";

/** What is granted, as the test wrote it. */
interface Material {
  readonly envelope: string;
  readonly target: ReturnType<ReceiverParts["catalogue"]["findTarget"]>;
  readonly targetPath: string;
  /** Base64. */
  readonly file: string;
  /** Hexadecimal. */
  readonly seed: string;
  readonly kid: string;
  readonly installationId: string;
  readonly directorKeys: ReceiverParts["catalogue"]["directorKeys"];
  readonly catalogueVersion: number;
  readonly nowMs: number;
}

const [folder = "", material = "", killAt = "0", when = "before"] = process.argv.slice(2);
const CHANGES = [
  "openSync",
  "writeSync",
  "writeFileSync",
  "fsyncSync",
  "renameSync",
  "rmSync",
  "mkdirSync",
] as const;
/** Not counted before the switch begins. */
let steps = Number.NEGATIVE_INFINITY;
const die = (): boolean => process.kill(process.pid, "SIGKILL");
for (const name of CHANGES) {
  const real = fs[name] as (...args: unknown[]) => unknown;
  const counted = (...args: unknown[]): unknown => {
    steps += 1;
    const isLast = steps === Number(killAt);
    if (isLast && when === "before") die();
    try {
      return real(...args);
    } finally {
      if (isLast) die();
    }
  };
  Object.defineProperty(fs, name, { value: counted, writable: true, configurable: true });
}
syncBuiltinESMExports();

const given = JSON.parse(fs.readFileSync(material, "utf8")) as Material;
const pair = createX25519Pair(Buffer.from(given.seed, "hex"));
const receiver = createModelReceiver({
  installationId: given.installationId,
  heatpumpModels: ["AERO_SLM"],
  daemonVersion: "1.0.0",
  consentVersion: 1,
  device: { kid: () => given.kid, find: () => pair },
  catalogue: {
    version: given.catalogueVersion,
    directorKeys: given.directorKeys,
    findTarget: (path) => (path === given.targetPath ? given.target : undefined),
    refresh: async () => undefined,
  },
  book: openModelBook(openStateFile(`${folder}/models.json`)),
  cache: openModelCache(`${folder}/cache`),
  inspect: () => undefined,
  chance: (count) => Buffer.alloc(count, 9),
  clock: { nowMs: () => given.nowMs },
  effectiveNowS: () => Math.floor(given.nowMs / 1000),
  learnTime: () => undefined,
  isInUse: () => false,
  log: () => undefined,
  onActive: () => undefined,
});
const failedStep = await new Promise<string>((resolve) => {
  let told: ModelListener | undefined;
  receiver.attach({
    open(_, listener) {
      told = listener;
      return {
        want(targetPath, offset) {
          const data = Buffer.from(given.file, "base64").subarray(offset);
          listener.onChunk({ targetPath, offset, data });
        },
        report: (_model, _release, step) => resolve(step),
        cancel: () => resolve("cancelled"),
      };
    },
  });
  steps = 0;
  told?.onGrant(given.envelope);
});
process.stdout.write(`${failedStep} ${steps}\n`);
