/**
 * Takes one bomb as the backend would and says what it cost: `{verdict, cpuMs, grownBytes}`. A
 * process of its own for each, so that the greatest memory is the bomb's. The CPU is the least of
 * a few rounds: what a warm server spends on it.
 */
import { deflateRawSync, gzipSync } from "node:zlib";
import { HonoRequest } from "hono/request";
import { decodeBlock } from "#core/batch/block.js";
import { createColumns } from "#core/batch/columns.js";
import { HeatpoolError } from "#core/errors.js";
import { Refusal } from "../../backend/http/answers.js";
import { readJson } from "../../backend/http/body.js";
import { MODEL_SERVICE } from "../../backend/rpc/model-handler.js";
import { decodeRequest } from "../../backend/rpc/request-frame.js";
import { STEP_MS, TABLE } from "../../test/support/pool-bed.js";

const MIB = 1024 * 1024;
const ROUNDS = 5;
/** As long as a message may be. */
const MESSAGE_BYTES = 500_000;
const HTTP_BOMB_BYTES = 64 * MIB;

/** What takes the bomb. Throws, or resolves, like the reader it stands for. */
const BOMBS: Readonly<Record<string, () => () => unknown>> = {
  "deliver-devices": () => {
    const message = emptyEntries(0x2a);
    return () => decodeRequest(message);
  },
  "receive-installed": () => {
    const message = emptyEntries(0x2a);
    return () => MODEL_SERVICE.receive.requestDeserialize(message);
  },
  "eligibility-unknown-fields": () => {
    const message = Buffer.alloc(MESSAGE_BYTES, Buffer.from([0x7a, 0]));
    return () => MODEL_SERVICE.checkEligibility.requestDeserialize(message);
  },
  // 8 MiB of zeros in 8 KiB, said to be a hundred bytes; and said to be what they are.
  "block-says-little": () => takeBlock(100),
  "block-says-much": () => takeBlock(8 * MIB),
  "http-gzip": () => {
    const body = gzipSync(Buffer.alloc(HTTP_BOMB_BYTES));
    return () => {
      const headers = { "content-type": "application/json", "content-encoding": "gzip" };
      return readJson(new HonoRequest(new Request("http://a/", { method: "POST", body, headers })));
    };
  },
};

/** A hello with as many empty entries as fit. */
function emptyEntries(tag: number): Buffer {
  const entries = Buffer.alloc(MESSAGE_BYTES, Buffer.from([tag, 0]));
  // Field 1 of the request, and the length of half a million as a varint.
  return Buffer.concat([Buffer.from([0x0a, 0xa0, 0xc2, 0x1e]), entries]);
}

function takeBlock(plainBytes: number): () => unknown {
  const block = deflateRawSync(Buffer.alloc(8 * MIB), { level: 9 });
  const columns = createColumns(TABLE, 1);
  const claims = { rows: 1, slot: 29_800_000, stepMs: STEP_MS, codec: 1, plainBytes, block };
  return () => decodeBlock(claims, TABLE, columns);
}

async function verdictOf(take: () => unknown): Promise<string> {
  try {
    await take();
    return "taken";
  } catch (error) {
    if (error instanceof HeatpoolError) return error.code;
    return error instanceof Refusal ? "REFUSED" : `broken: ${String(error)}`;
  }
}

const name = process.argv[2] ?? "";
const take = BOMBS[name]?.();
if (take === undefined) throw new Error(`no bomb is called ${name}`);
const beforeKiB = process.resourceUsage().maxRSS;
let cpuMs = Number.POSITIVE_INFINITY;
let grownBytes = 0;
let verdict = "";
for (let round = 0; round < ROUNDS; round += 1) {
  const before = process.cpuUsage();
  verdict = await verdictOf(take);
  const { user, system } = process.cpuUsage(before);
  cpuMs = Math.min(cpuMs, (user + system) / 1000);
  // The first round alone; later ones would add what was not collected yet.
  if (round === 0) grownBytes = (process.resourceUsage().maxRSS - beforeKiB) * 1024;
}
process.stdout.write(JSON.stringify({ verdict, cpuMs, grownBytes }));
