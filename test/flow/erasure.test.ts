/**
 * The promise of the consent text over the real program: what was sent is given out by one command
 * and erased by another, in every file of the backend, and its daemon is refused from then on.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { toWireTable } from "#core/batch/wire-batch.js";
import {
  type RunningBackend,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { batch, hello, type Talk, talk } from "../support/door.js";
import { filesHold, spellings } from "../support/file-bytes.js";
import { temporaryFolder } from "../support/folder.js";
import { makeBatch, STEP_MS, TABLE } from "../support/pool-bed.js";

const ID = "12345678-1234-4234-9234-567812340001";

let backend: RunningBackend;
const talks: Talk[] = [];
afterEach(async () => {
  for (const one of talks.splice(0)) one.close();
  await backend.stop();
});

async function open(number: number): Promise<Talk> {
  const stream = talk(backend.mainPort);
  talks.push(stream);
  const body = hello(number);
  if (body?.$case !== "hello") throw new Error("no hello");
  const devices = body.value.devices.map((one) => ({ ...one, tableId: Buffer.from(TABLE.id) }));
  stream.say({ $case: "hello", value: { ...body.value, devices } });
  return stream;
}

async function deliver(number: number, fromMs: number): Promise<Talk> {
  const stream = await open(number);
  await stream.hear();
  stream.say({ $case: "table", value: toWireTable(TABLE) });
  const rows = Array.from({ length: 60 }, (_, k) => [k, 300 + number, 120]);
  const { slot, rows: count, check, plainBytes, block, codec } = makeBatch(1, fromMs, rows);
  const facts = { slot: BigInt(slot ?? 0), rows: count, check, plainBytes, codec };
  stream.say(batch(1, { ...facts, block: Buffer.from(block) }));
  expect(await stream.hear()).toMatchObject({ $case: "ack", value: { admitted: 60n } });
  return stream;
}

describe("an owner who wants to leave", () => {
  it("has everything, then nothing is left", async () => {
    const folder = temporaryFolder();
    const more = 'tls: { insecureLoopback: true }\nenrolment: { claimTokens: "off" }';
    const config = writeBackendConfig(folder, more);
    backend = await startBackend(config);
    const run = (...args: string[]) =>
      runBackendCommand(...args, "-c", config, "--admin", `127.0.0.1:${backend.adminPort}`);
    const fromMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - 90 * STEP_MS;
    const mine = await deliver(1, fromMs);
    await deliver(2, fromMs);
    const state = join(folder, "state");
    const traces = () => spellings(ID).filter((one) => filesHold(state, one));
    expect(traces()).not.toEqual([]);

    // A mistake says of what, and what helps; a code is a secret and is not repeated.
    const stranger = "550e8400-e29b-41d4-a716-446655440000";
    expect(run("installations", "erase", stranger).stderr).toMatch(
      /^NOT_FOUND: 550e8400-\S+: .*\n`heatpool-backend installations list`/m,
    );
    const wrongCode = run("installations", "erase", "--recovery-code", "AAAA-BBBB").stderr;
    expect(wrongCode).toMatch(/NOT_FOUND: the recovery code: .*\nRead it from the paper again/);
    expect(wrongCode).not.toContain("AAAA");

    const out = join(folder, "mine.ndjson");
    const exported = run("installations", "export", ID, "--out", out);
    expect([exported.status, exported.stderr]).toEqual([0, ""]);
    const records = readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.filter(({ kind }) => kind === "row")).toHaveLength(60);
    expect(records.at(-1)).toMatchObject({
      time: new Date(fromMs + 59 * STEP_MS).toISOString(),
      values: { temp_outdoor: 5.9, temp_flow: 30.1, power_current: 1.2 },
    });

    const erased = run("installations", "erase", ID, "--json");
    expect([erased.status, erased.stderr]).toEqual([0, ""]);
    expect(JSON.parse(erased.stdout)).toMatchObject({ installationId: ID, batches: 1 });
    expect(await mine.ended).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(traces()).toEqual([]);
    const late = await open(1);
    expect(await late.ended).toMatchObject({ code: status.PERMISSION_DENIED });

    const listed = run("installations", "list");
    expect(listed.stdout).not.toContain(ID);
    expect(listed.stdout).toMatch(/1 installations/);
    expect(run("status").stdout).toMatch(/retention {6}12 months, last run 20.*removed 0 batches/);
    expect(await backend.stop()).toBe(0);
    expect(traces()).toEqual([]);
    backend = await startBackend(config);
    const later = await open(1);
    expect(await later.ended).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(run("installations", "export", ID, "--out", join(folder, "again")).status).toBe(1);
  });
});
