// @ts-check
/**
 * A process to be killed: takes one granted model with the built daemon's own rooms, and kills
 * itself (SIGKILL) at the given step. A step is any call that changes files.
 *
 * Arguments: folder, file with what is granted, step (0: none), `before` or `after` that call. The
 * last line printed is the number of steps that a whole switch has.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [folder = "", material = "", killAt = "0", when = "before"] = process.argv.slice(2);
const CHANGES = /** @type {const} */ ([
  "openSync",
  "writeSync",
  "writeFileSync",
  "fsyncSync",
  "renameSync",
  "rmSync",
  "mkdirSync",
]);
/** Not counted before the switch begins. */
let steps = Number.NEGATIVE_INFINITY;
const die = () => process.kill(process.pid, "SIGKILL");
for (const name of CHANGES) {
  const real = /** @type {(...args: unknown[]) => unknown} */ (fs[name]);
  const counted = (/** @type {unknown[]} */ ...args) => {
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

const load = (/** @type {string} */ path) =>
  import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openStateFile } = await load("daemon/host/state-file.js");
const { openModelBook } = await load("daemon/model/model-book.js");
const { openModelCache } = await load("daemon/model/model-cache.js");
const { createModelReceiver } = await load("daemon/model/receive-models.js");
const { createX25519Pair } = await load("core/envelope/key-agreement.js");

const given = JSON.parse(fs.readFileSync(material, "utf8"));
const pair = createX25519Pair(Buffer.from(given.seed, "hex"));
/** @type {{ onGrant(envelope: string): void, onChunk(chunk: object): void }} */
let listener;
const done = new Promise((resolve) => {
  const receiver = createModelReceiver({
    installationId: given.installationId,
    heatpumpModels: ["AERO_SLM"],
    daemonVersion: "1.0.0",
    consentVersion: 1,
    device: { kid: () => given.kid, find: () => pair },
    catalogue: {
      version: given.catalogueVersion,
      directorKeys: given.directorKeys,
      findTarget: (/** @type {string} */ path) =>
        path === given.targetPath ? given.target : undefined,
      refresh: async () => undefined,
    },
    book: openModelBook(openStateFile(`${folder}/models.json`)),
    cache: openModelCache(`${folder}/cache`),
    inspect: () => undefined,
    chance: (/** @type {number} */ count) => Buffer.alloc(count, 9),
    clock: { nowMs: () => given.nowMs },
    effectiveNowS: () => Math.floor(given.nowMs / 1000),
    learnTime: () => undefined,
    isInUse: () => false,
    log: () => undefined,
    onActive: () => undefined,
  });
  receiver.attach({
    open(/** @type {object} */ _, /** @type {typeof listener} */ told) {
      listener = told;
      return {
        want(/** @type {string} */ targetPath, /** @type {number} */ offset) {
          const data = Buffer.from(given.file, "base64").subarray(offset);
          listener.onChunk({ targetPath, offset, data });
        },
        report: (
          /** @type {string} */ _model,
          /** @type {number} */ _release,
          /** @type {string} */ step,
        ) => resolve(step),
        cancel: () => resolve("cancelled"),
      };
    },
  });
});
steps = 0;
// @ts-expect-error attached above
listener.onGrant(given.envelope);
const failedStep = await done;
process.stdout.write(`${failedStep} ${steps}\n`);
