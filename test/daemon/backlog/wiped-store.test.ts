/** Withdrawn consent: not a byte of what was queued stays on disk, also when it was killed midway. */
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import { writeChecked } from "../../../daemon/backlog/state-file.js";
import {
  countTo,
  optionsOf,
  snapshotOf,
  streamOf,
  waitingEntries,
} from "../../support/backlog-material.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { copyLive } from "../../support/live-copy.js";

const DEVICE = "kept-in-the-cellar";

async function begin() {
  const directory = temporaryFolder();
  const options = { ...optionsOf(createFakeClock()), streams: [streamOf(DEVICE)], directory };
  const backlog = await openLevelBacklog(options);
  for (const k of countTo(300)) {
    backlog.record(snapshotOf(k, { deviceId: DEVICE }));
    if (k % 100 === 99) await backlog.seal();
  }
  backlog.record(snapshotOf(300, { deviceId: DEVICE }));
  await backlog.flush();
  const entries = await waitingEntries(backlog);
  const needles = [Buffer.from(DEVICE), ...entries.map((one) => Buffer.from(one.sealed.block))];
  return { directory, options, backlog, needles };
}

/** In how many files each needle stands. */
async function findBytes(directory: string, needles: readonly Buffer[]): Promise<number> {
  let hits = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    hits += needles.filter((needle) => bytes.includes(needle)).length;
  }
  return hits;
}

describe("wiping", () => {
  it("leaves no known byte in any file", async () => {
    const { directory, backlog, needles } = await begin();
    await cp(join(directory, "db"), join(directory, "bad-1"), { recursive: true });
    expect(await findBytes(directory, needles)).toBeGreaterThan(needles.length);
    await backlog.wipe();
    // The configured stream is written down again; it is configuration, not what was queued.
    const [, ...blocks] = needles;
    expect(await findBytes(directory, blocks)).toBe(0);
    expect((await readdir(directory)).sort()).toEqual(["db", "identity.json", "reserve"]);
    await backlog.close();
  });

  it.each([
    ["the marker", []],
    ["part of the database", ["db/CURRENT"]],
    ["the database", ["db"]],
    ["the identity too", ["db", "identity.json", "reserve"]],
  ])("is finished at the next start when it was killed after %s", async (_what, gone) => {
    const { directory, options, backlog, needles } = await begin();
    const killed = temporaryFolder();
    copyLive(directory, killed);
    await backlog.close();
    await writeChecked(join(killed, "wiping"), "17");
    for (const name of gone) await rm(join(killed, name), { recursive: true });
    const again = await openLevelBacklog({ ...options, directory: killed });
    const [, ...blocks] = needles;
    expect(await findBytes(killed, blocks)).toBe(0);
    expect(again.status()).toMatchObject({ recorded: 0, snapshots: 0, lost: 0, unaccounted: 0 });
    expect((await readdir(killed)).sort()).toEqual(["db", "identity.json", "reserve"]);
    again.recordLoss({
      class: "not-collected",
      reason: "slot-missed",
      deviceId: undefined,
      fromMs: 0,
      toMs: 1,
      snapshots: 1,
      readings: 0,
      batches: undefined,
    });
    const [loss] = await again.losses(0, 1);
    expect(loss?.number).toBeGreaterThanOrEqual(17);
    await again.close();
  });
});
