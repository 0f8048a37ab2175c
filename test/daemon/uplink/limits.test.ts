/** What the backend asks for is believed within reason, and what the way refuses is learnt. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import {
  clampLimits,
  halveBatches,
  recallLimits,
  rememberLimits,
} from "../../../daemon/uplink/limits.js";

const KIB = 1024;
const first = recallLimits({ read: () => undefined, write: () => undefined });

describe("the size of a batch", () => {
  it("is the announced one until one of that size is refused, then half, and no less than 4 KiB", () => {
    expect(first.batchBytesMax).toBe(512 * KIB);
    const half = halveBatches(first, 40 * KIB);
    expect(half).toMatchObject({ requestBytesMax: 512 * KIB, batchBytesMax: 20 * KIB });
    expect(halveBatches(half, 100 * KIB).batchBytesMax).toBe(20 * KIB);
    expect(halveBatches(half, 100).batchBytesMax).toBe(4 * KIB);
  });

  it("stays learnt over the same announcement and a restart; another one begins anew", () => {
    let kept: string | undefined;
    const store = {
      read: () => kept,
      write: (text: string) => {
        kept = text;
      },
    };
    const learnt = halveBatches(first, 40 * KIB);
    rememberLimits(store, learnt, first);
    expect(recallLimits(store)).toEqual(learnt);
    expect(clampLimits({ requestBytesMax: 512 * KIB }, learnt)).toEqual(learnt);
    expect(clampLimits({ requestBytesMax: 256 * KIB }, learnt).batchBytesMax).toBe(256 * KIB);
  });

  it("holds also where it cannot be remembered or read, as with a folder in the file's place", () => {
    const refuse = () => {
      throw new HeatpoolError("STORE_FAILED", "uplink-limits.json cannot be written: EISDIR");
    };
    const store = { read: refuse, write: refuse };
    expect(() => rememberLimits(store, halveBatches(first, 40 * KIB), first)).not.toThrow();
    expect(recallLimits(store)).toEqual(first);
  });

  it("is read from what earlier releases remembered", () => {
    const old = JSON.stringify({ requestBytesMax: 64 * KIB });
    expect(recallLimits({ read: () => old, write: () => undefined })).toMatchObject({
      requestBytesMax: 64 * KIB,
      batchBytesMax: 64 * KIB,
      snapshotsMax: 2_000,
    });
  });
});
