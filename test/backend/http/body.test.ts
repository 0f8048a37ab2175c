/** A packed body is given up when it grows out of proportion, long before it is large. */
import { gzipSync } from "node:zlib";
import { HonoRequest } from "hono/request";
import { describe, expect, it } from "vitest";
import { Refusal } from "../../../backend/http/answers.js";
import { BODY_BYTES_MAX, readJson } from "../../../backend/http/body.js";

const MIB = 1024 * 1024;

function read(packed: Uint8Array): Promise<unknown> {
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const body = packed as Uint8Array<ArrayBuffer>;
  return readJson(new HonoRequest(new Request("http://a/", { method: "POST", body, headers })));
}

/** Records of a heat pump that stands still: nothing but the time differs. */
function standstill(count: number): object[] {
  const metrics = Array.from({ length: 60 }, (_, at) => [`a_metric_of_a_pump_${at}`, 21.5]);
  return Array.from({ length: count }, (_, at) => ({
    timestamp: new Date(Date.UTC(2026, 6, 1) + at * 60_000).toISOString(),
    ...Object.fromEntries(metrics),
  }));
}

describe("a packed body", () => {
  it("is refused when it is 1,000 times itself, after a small part of it", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    const before = process.memoryUsage().arrayBuffers;
    await expect(read(bomb)).rejects.toMatchObject({ status: 413 });
    // What stands behind the beginning is not looked at: half of it, then no gzip any more.
    const broken = Buffer.concat([bomb.subarray(0, bomb.length / 2), Buffer.alloc(1_000, 0xff)]);
    await expect(read(broken)).rejects.toBeInstanceOf(Refusal);
    await expect(read(broken)).rejects.toMatchObject({ status: 413 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MIB);
  });

  it("is read when a day without change packs well", async () => {
    const records = standstill(1_440);
    const packed = gzipSync(JSON.stringify(records), { level: 9 });
    const ratio = JSON.stringify(records).length / packed.length;
    expect(ratio).toBeGreaterThan(64);
    expect(await read(packed)).toEqual(records);
  });

  it("may begin with a few kilobytes of nothing", async () => {
    const packed = gzipSync(`${" ".repeat(200 * 1024)}{}`);
    expect(await read(packed)).toEqual({});
  });

  it("is refused beyond the length of a plain one, at whatever ratio", async () => {
    let seed = 1;
    const chance = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % 10;
    };
    const digits = Array.from({ length: BODY_BYTES_MAX / 16 }, chance).join("");
    const packed = gzipSync(digits.repeat(17), { level: 1 });
    expect(packed.length).toBeLessThan(BODY_BYTES_MAX);
    await expect(read(packed)).rejects.toMatchObject({ status: 413 });
  });
});
