/** What streams carry from block to block fits one limit, whoever sends how much. */
import { describe, expect, it } from "vitest";
import { type Chain, chainBytes } from "#core/batch/chain.js";
import { createModel } from "#core/batch/codec-2-model.js";
import { createChains } from "../../../backend/ingest/chains.js";

const chain = (): Chain => ({
  channels: [0],
  model: createModel(1),
  nextSlot: 1,
  day: 1,
  blocks: 1,
});
const BYTES = chainBytes(chain());

describe("chains", () => {
  it("are found by stream and device, once", () => {
    const chains = createChains(10 * BYTES);
    const one = chain();
    chains.keep(1, 0, one);
    expect(chains.take(1, 1)).toBeUndefined();
    expect(chains.take(2, 0)).toBeUndefined();
    expect(chains.take(1, 0)).toBe(one);
    expect(chains.take(1, 0)).toBeUndefined();
    expect(chains.bytes).toBe(0);
  });

  it("make room by forgetting what was not used for longest", () => {
    const chains = createChains(2 * BYTES);
    for (const stream of [1, 2]) chains.keep(stream, 0, chain());
    chains.keep(1, 0, chains.take(1, 0) ?? chain());
    chains.keep(3, 0, chain());
    expect(chains.bytes).toBe(2 * BYTES);
    expect(chains.take(2, 0)).toBeUndefined();
    expect(chains.take(1, 0)).toBeDefined();
    expect(chains.take(3, 0)).toBeDefined();
  });

  it("go with their stream", () => {
    const chains = createChains(10 * BYTES);
    for (const device of [0, 1]) chains.keep(1, device, chain());
    chains.keep(2, 0, chain());
    chains.forget(1);
    chains.forget(7);
    expect(chains.bytes).toBe(BYTES);
    expect(chains.take(2, 0)).toBeDefined();
  });
});
