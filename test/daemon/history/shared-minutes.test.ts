/** A crash at any step contributes a day once or not at all, never twice. */
import { describe, expect, it } from "vitest";
import type { Backlog } from "../../../daemon/backlog/backlog.js";
import { createMemoryBacklog } from "../../../daemon/backlog/memory-backlog.js";
import { MemoryRecordStore } from "../../../daemon/backlog/memory-record-store.js";
import { DAY_MS, openSharedMinutes } from "../../../daemon/history/shared-minutes.js";
import { historyOptions, START_MS, snapshotAt, TABLE } from "../../contract/history-contract.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";

const DEVICE = "heatpump";
const DAY = START_MS / DAY_MS;
const clock = createFakeClock(START_MS + 10 * DAY_MS);
const rows = [0, 1, 1.5, 7].map((minute) => ({
  atMs: START_MS + minute * 60_000,
  values: new Map([["temp_flow", minute]]),
}));

/** Files in memory; what was written before a crash stays. */
function createFolder() {
  const files = new Map<string, Buffer>();
  return {
    files,
    fileOf: (name: string) => ({
      readBytes: () => files.get(name),
      write: (content: string | Uint8Array) => void files.set(name, Buffer.from(content)),
      remove: () => void files.delete(name),
    }),
  };
}

function openBacklog(store: MemoryRecordStore): Promise<Backlog> {
  const [stream] = historyOptions(clock).streams;
  const streams = [
    { ...stream, deviceId: DEVICE, profile: "test/plain", profileVersion: 1, table: TABLE },
  ].map((one) => ({ ...one, heatpumpModel: "test", stepMs: 60_000 }));
  return createMemoryBacklog(
    { streams, bootId: "550e8400-e29b-41d4-a716-446655440000", clock, chance: createChance(1) },
    store,
  );
}

async function hand(backlog: Backlog): Promise<void> {
  for (const minute of [0, 1, 7]) backlog.record(snapshotAt(minute));
  await backlog.seal();
}

const crash = () => Promise.reject(new Error("power cut"));

describe("shared minutes", () => {
  it("chooses the first row of each minute that was never handed over", async () => {
    const { fileOf } = createFolder();
    const minutes = openSharedMinutes(fileOf);
    const backlog = await openBacklog(new MemoryRecordStore());
    const first = minutes.choose(DEVICE, DAY, rows.slice(1));
    expect(first.rows.map(({ atMs }) => (atMs - START_MS) / 60_000)).toEqual([1, 7]);
    await minutes.carryOut(first, backlog, () => hand(backlog));
    const again = minutes.choose(DEVICE, DAY, rows);
    expect(again.rows).toEqual([rows[0]]);
    expect(minutes.choose("other", DAY, rows).rows).toHaveLength(3);
    expect(minutes.choose(DEVICE, DAY + 1, rows).rows).toHaveLength(3);
  });

  it("hands the day over again when the power went before it was sealed", async () => {
    const { fileOf } = createFolder();
    const store = new MemoryRecordStore();
    const backlog = await openBacklog(store);
    const day = openSharedMinutes(fileOf).choose(DEVICE, DAY, rows);
    await expect(openSharedMinutes(fileOf).carryOut(day, backlog, crash)).rejects.toThrow("power");
    const next = openSharedMinutes(fileOf);
    next.settle(await openBacklog(store));
    expect(next.choose(DEVICE, DAY, rows).rows).toHaveLength(3);
  });

  it.each(["waits", "was sent"])(
    "does not when the power went after it was sealed and the batch %s",
    async (state) => {
      const { files, fileOf } = createFolder();
      const store = new MemoryRecordStore();
      const backlog = await openBacklog(store);
      const day = openSharedMinutes(fileOf).choose(DEVICE, DAY, rows);
      const late = openSharedMinutes(fileOf).carryOut(day, backlog, async () => {
        await hand(backlog);
        await crash();
      });
      await expect(late).rejects.toThrow("power");
      const { epochId } = backlog.status();
      if (state === "was sent") {
        await backlog.beginEpoch();
        const receipt = { epochId, ackedThrough: 1, admitted: 3, duplicate: 0, rejected: 0 };
        await backlog.acknowledge(receipt);
        expect(backlog.epochs().map((one) => one.epochId)).not.toContain(epochId);
      }
      const next = openSharedMinutes(fileOf);
      next.settle(await openBacklog(store));
      expect(next.choose(DEVICE, DAY, rows).rows).toEqual([]);
      expect([...files.keys()]).toEqual([
        `${DEVICE}.${new Date(START_MS).toISOString().slice(0, 7)}`,
      ]);
    },
  );

  it("says so when its note cannot be read, instead of guessing", async () => {
    const { files, fileOf } = createFolder();
    files.set("under-way.json", Buffer.from("{"));
    const backlog = await openBacklog(new MemoryRecordStore());
    expect(() => openSharedMinutes(fileOf).settle(backlog)).toThrow("cannot be read");
  });
});
