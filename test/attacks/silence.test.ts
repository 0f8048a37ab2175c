/**
 * Who takes and gives nothing any more (A8), on a stream that stays open: models end with the window
 * of thirty days and with the grant, and come back with the first new data. The rule, the receipts
 * and the door are the backend's own.
 */
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { decideEligibility } from "../../backend/eligibility/decide-eligibility.js";
import { mayHaveModels } from "../../backend/eligibility/may-have-models.js";
import { createFacts } from "../../backend/registry/facts.js";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import { restoreModels } from "../../daemon/model/restore-models.js";
import { openDoor } from "../support/door.js";
import { createFakeBehind } from "../support/fake-behind.js";
import { createFakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { makeBatch, openBed, openDelivery, STEP_MS } from "../support/pool-bed.js";
import { candidate, createListeningDaemon, createModelBackend } from "../support/push-bed.js";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 10, 12);
const WINDOW_DAYS = 30;
const RULES = {
  windowDays: WINDOW_DAYS,
  minimumDays: 1,
  coldStart: { installations: 0, readings: 0 },
};
/** Enrolled, agreed, not taken back. */
const STANDING = {
  revokedAtMs: 0,
  consents: [{ withdrawnAtMs: 0, record: { scopes: ["telemetry"] } }],
};
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function build() {
  const folder = temporaryFolder();
  const clock = createFakeClock(START_MS);
  const store = createMemorySnapshotStore();
  const bed = await openBed(store, clock);
  const facts = createFacts({
    ...{ store, registry: bed.registry, community: bed.community },
    nowMs: () => clock.nowMs(),
    startedAtMs: clock.nowMs(),
    decide: (known) => decideEligibility(known, RULES),
    windowDays: WINDOW_DAYS,
  });
  const mayHave = (id: string) => mayHaveModels(STANDING, facts.eligibility(id, "").eligible);
  const backend = createModelBackend(folder, clock, mayHave);
  const door = await openDoor({ behind: { ...createFakeBehind(), push: backend.push } });
  ends.push(() => door.close());
  const of = { number: 1, folder: join(folder, "pi"), port: door.ports.main, clock };
  const daemon = createListeningDaemon(backend, of);
  ends.push(() => daemon.disconnect());
  let sequence = 0;
  /** New data of this moment. */
  async function contribute(): Promise<void> {
    const delivery = await openDelivery(bed, daemon.installationId);
    sequence += 1;
    const batch = makeBatch(sequence, clock.nowMs() - STEP_MS, [[50 + sequence, 300, 120]]);
    expect(await delivery.take(batch)).toMatchObject({ admitted: 1 });
    delivery.close();
    backend.push.noteChange(daemon.installationId);
  }
  /** As every hour: resolves when the backend has looked at what is owed. */
  async function look(): Promise<void> {
    const asked = backend.asked.length;
    backend.push.refresh();
    await expect.poll(() => backend.asked.length).toBeGreaterThan(asked);
  }
  const grantedUntilS = () => daemon.parts.book.memory.installed["aero-slm"]?.grantedUntilS ?? 0;
  return { backend, clock, daemon, contribute, look, grantedUntilS };
}

describe("who stops contributing", () => {
  it("is granted nothing on the open stream from day 31 on, and the old grant ends", async () => {
    const { backend, clock, daemon, contribute, look, grantedUntilS } = await build();
    await backend.publishing.publish(candidate());
    daemon.connect();
    await expect.poll(() => backend.asked.length).toBeGreaterThan(0);
    expect(daemon.active).toEqual([]);
    await contribute();
    await daemon.settled(1);
    expect(grantedUntilS()).toBe(START_MS / 1000 + 45 * 86_400);

    // Still within the window: the grant is renewed, and a new release comes.
    await clock.advance(29 * DAY_MS);
    await look();
    await daemon.settled(2);
    const untilS = START_MS / 1000 + (29 + 45) * 86_400;
    expect(grantedUntilS()).toBe(untilS);
    await clock.advance(DAY_MS + HOUR_MS);

    // Day 31: neither a renewal nor a new release, on the stream that is still open.
    await backend.publishing.publish(candidate({ plain: Buffer.from("{}") }));
    await look();
    await clock.advance(20 * DAY_MS);
    await look();
    expect(daemon.active.map(({ target }) => target.release)).toEqual([1, 1]);
    expect(grantedUntilS()).toBe(untilS);
    expect(backend.push.listeners).toBe(1);

    // What it has may be used until its grant ends, and not a second longer.
    await clock.advance(untilS * 1000 - clock.nowMs() - 1000);
    expect(await restoreModels(daemon.parts)).toHaveLength(1);
    await clock.advance(1000);
    expect(await restoreModels(daemon.parts)).toHaveLength(0);

    await contribute();
    await daemon.settled(3);
    expect(daemon.active.at(-1)?.target.release).toBe(2);
  });
});
