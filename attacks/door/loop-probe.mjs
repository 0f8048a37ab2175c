/**
 * Preloaded into the attacked program (`--import …/loop-probe.mjs?into=<file>`): how long its event
 * loop lets wait what comes at any time. A thread sends the time every few milliseconds, as a client
 * would its bytes; the main thread notes how old it was. Clients' waiting holds their own delays
 * too; this does not.
 */
import { appendFileSync } from "node:fs";
import { isMainThread, Worker } from "node:worker_threads";

const EVERY_MS = 5;
const WRITTEN_EVERY_MS = 500;
const CLOCK = `
  const { parentPort } = require("node:worker_threads");
  setInterval(() => parentPort.postMessage(process.hrtime.bigint()), ${EVERY_MS});
`;

const into = new URL(import.meta.url).searchParams.get("into");
if (isMainThread && into !== null) {
  /** @type {number[]} */
  let delaysMs = [];
  const clock = new Worker(CLOCK, { eval: true, execArgv: [] });
  clock.on("message", (sent) => {
    delaysMs.push(Number((process.hrtime.bigint() - sent) / 1000n) / 1000);
  });
  clock.unref();
  const write = () => {
    appendFileSync(into, `${JSON.stringify({ atMs: Date.now(), delaysMs })}\n`);
    delaysMs = [];
  };
  setInterval(write, WRITTEN_EVERY_MS).unref();
}
