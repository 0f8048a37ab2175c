/**
 * A store that is damaged: the daemon starts unattended, no changed value is ever handed out, what
 * is gone is counted, and no number is used again.
 */
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Backlog } from "../../../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import {
  countTo,
  drainNumbers,
  optionsOf,
  snapshotOf,
  waitingEntries,
} from "../../support/backlog-material.js";
import { createRandom } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { copyLive } from "../../support/live-copy.js";

const SNAPSHOTS = 400;
const BATCHED = 300;
/** Some of what the fixture's first life got acknowledged. */
const ACKED = 20;

let seed = 1000;
const openAt = (directory: string): Promise<Backlog> =>
  openLevelBacklog({ ...optionsOf(createFakeClock(), seed++), directory, rowsMax: 10 });

const fixture = { clean: "", unclean: "", epochId: "", bytes: new Map<number, string>() };

/** A backlog with batches, journal, acks and losses; copied once open and once closed. */
beforeAll(async () => {
  const directory = temporaryFolder();
  let backlog = await openAt(directory);
  const noteBytes = async (): Promise<void> => {
    for (const { sequence, sealed } of await waitingEntries(backlog)) {
      fixture.bytes.set(sequence, Buffer.from(sealed.block).toString("hex"));
    }
  };
  for (const k of countTo(BATCHED)) {
    backlog.record(snapshotOf(k));
    await backlog.flush();
  }
  await noteBytes();
  const { epochId } = backlog.status();
  fixture.epochId = epochId;
  const counts = { admitted: ACKED, duplicate: 0, rejected: 0 };
  await backlog.acknowledge({ epochId, ackedThrough: ACKED / 10, ...counts });
  // Opening turns the log of the life before into a table, so that there is one of each.
  await backlog.close();
  backlog = await openAt(directory);
  for (const k of countTo(SNAPSHOTS - BATCHED).map((one) => one + BATCHED)) {
    backlog.record(snapshotOf(k));
    await backlog.flush();
  }
  await noteBytes();
  for (const k of countTo(5)) backlog.record(snapshotOf(SNAPSHOTS + k));
  await backlog.flush();
  fixture.unclean = temporaryFolder();
  copyLive(directory, fixture.unclean);
  await backlog.close();
  fixture.clean = temporaryFolder();
  await cp(directory, fixture.clean, { recursive: true });
});

const TOTAL = SNAPSHOTS + 5;
const ALL = countTo(TOTAL).slice(ACKED);

async function copyOf(kind: "clean" | "unclean"): Promise<string> {
  const copy = temporaryFolder();
  await cp(fixture[kind], copy, { recursive: true });
  return copy;
}

/** Opens what was damaged and holds it to what may never happen. Returns what survived. */
async function survive(directory: string, what: string): Promise<number[]> {
  const backlog = await openAt(directory);
  const entries = await waitingEntries(backlog);
  for (const { epochId, sequence, sealed } of entries) {
    if (epochId !== fixture.epochId) continue;
    const bytes = Buffer.from(sealed.block).toString("hex");
    expect(bytes, `${what}: bytes of ${sequence}`).toBe(fixture.bytes.get(sequence));
  }
  const before = backlog.epochs();
  const numbers = (await drainNumbers(backlog)).sort((a, b) => a - b);
  expect(new Set(numbers).size, `${what}: doubled`).toBe(numbers.length);
  // Acked batches may come again when the ack's record is gone; they bear the same numbers.
  expect(
    numbers.every((k) => Number.isInteger(k) && k >= 0 && k < TOTAL),
    `${what}: changed`,
  ).toBe(true);
  const { lost, unaccounted } = backlog.status();
  expect(unaccounted, `${what}: unaccounted`).toBe(0);
  if (numbers.length < ALL.length && before.some((epoch) => epoch.epochId === fixture.epochId)) {
    // What the counters on disk knew of is in the ledger; a lost tail took its counters with it.
    const losses = await backlog.losses(0, 1000);
    const told = losses.reduce((sum, one) => sum + (one.class === "lost" ? one.snapshots : 0), 0);
    expect(told, what).toBe(lost);
  }
  const isSameEpoch = backlog.status().epochId === fixture.epochId;
  if (isSameEpoch) expect(numbers, `${what}: went on with a damaged epoch`).toEqual(ALL);
  await backlog.close();
  return numbers;
}

describe("a store that is damaged", () => {
  it("a copy of an open backlog has everything, under a new epoch", async () => {
    const directory = await copyOf("unclean");
    const backlog = await openAt(directory);
    expect(backlog.status().epochId).not.toBe(fixture.epochId);
    expect(backlog.status()).toMatchObject({
      recorded: TOTAL,
      admitted: ACKED,
      lost: 0,
      unaccounted: 0,
    });
    backlog.record(snapshotOf(TOTAL + 9));
    const [gap] = (await backlog.losses(0, 10)).slice(-1);
    expect(gap).toMatchObject({ class: "not-collected", reason: "downtime-or-tail", snapshots: 9 });
    expect((await drainNumbers(backlog)).slice(0, -1)).toEqual(ALL);
    await backlog.close();
  });

  it("a closed one goes on with its epoch", async () => {
    const backlog = await openAt(await copyOf("clean"));
    expect(backlog.status()).toMatchObject({ epochId: fixture.epochId, lost: 0, unaccounted: 0 });
    await backlog.close();
  });

  it.each(["CURRENT", "MANIFEST", "both"])("%s gone: nothing is lost", async (victim) => {
    for (const kind of ["clean", "unclean"] as const) {
      const directory = await copyOf(kind);
      for (const name of await readdir(join(directory, "db"))) {
        const isCurrent = name === "CURRENT" && victim !== "MANIFEST";
        if (isCurrent || (name.startsWith("MANIFEST") && victim !== "CURRENT")) {
          await rm(join(directory, "db", name));
        }
      }
      expect(await survive(directory, `${victim} of ${kind}`)).toEqual(ALL);
      expect((await readdir(directory)).filter((name) => name.startsWith("bad"))).toEqual([]);
    }
  });

  it("the identity file gone or garbled: nothing is lost", async () => {
    const gone = await copyOf("clean");
    await rm(join(gone, "identity.json"));
    expect(await survive(gone, "identity gone")).toEqual(ALL);
    const garbled = await copyOf("clean");
    await writeFile(join(garbled, "identity.json"), "{");
    expect(await survive(garbled, "identity garbled")).toEqual(ALL);
  });

  it("all of the database gone: what had waited is in the ledger", async () => {
    const directory = await copyOf("clean");
    await rm(join(directory, "db"), { recursive: true });
    const backlog = await openAt(directory);
    expect(await backlog.losses(0, 10)).toMatchObject([
      { class: "lost", reason: "corrupt-store", snapshots: ALL.length },
    ]);
    expect(backlog.status()).toMatchObject({ lost: ALL.length, unaccounted: 0, mode: "durable" });
    await backlog.close();
  });

  it("a repair that was killed is finished at the next start", async () => {
    const directory = await copyOf("unclean");
    await cp(join(directory, "db"), join(directory, "bad-1"), { recursive: true });
    await rm(join(directory, "db"), { recursive: true });
    expect(await survive(directory, "killed while repairing")).toEqual(ALL);
  });

  it("a repair that was killed while it made the new database is begun anew", async () => {
    const directory = await copyOf("unclean");
    await rename(join(directory, "db"), join(directory, "bad-1"));
    await mkdir(join(directory, "db"));
    await writeFile(join(directory, "db", "MANIFEST-000001"), "");
    await writeFile(join(directory, "db", "CURRENT"), "MANIFEST-000001\n");
    expect(await survive(directory, "killed while making")).toEqual(ALL);
  });

  it("a repair that was killed while it cleared up takes nothing old for new", async () => {
    const directory = await copyOf("unclean");
    await cp(join(directory, "db"), join(directory, "bad-1"), { recursive: true });
    for (const name of await readdir(join(directory, "bad-1"))) {
      if (name.endsWith(".log")) await rm(join(directory, "bad-1", name));
    }
    const backlog = await openAt(directory);
    expect(backlog.status()).toMatchObject({ recorded: TOTAL, admitted: ACKED, lost: 0 });
    expect((await drainNumbers(backlog)).sort((a, b) => a - b)).toEqual(ALL);
    await backlog.close();
  });

  it.each(["clean", "unclean"] as const)(
    "flipped bits in a store that was left %s: it starts, and no value is changed",
    async (kind) => {
      const random = createRandom(kind === "clean" ? 11 : 12);
      for (let round = 0; round < 40; round++) {
        const directory = await copyOf(kind);
        const { path, size } = await pickFile(directory, random);
        const bytes = await readFile(path);
        const at = Math.floor(random() * size);
        const bit = 1 << Math.floor(random() * 8);
        bytes[at] = (bytes[at] ?? 0) ^ bit;
        await writeFile(path, bytes);
        const left = await survive(directory, `round ${round}: ${path} byte ${at} bit ${bit}`);
        expect(left.length).toBeGreaterThan(0);
        await rm(directory, { recursive: true });
      }
    },
    60_000,
  );

  it.each(["clean", "unclean"] as const)(
    "files cut short in a store that was left %s: it starts, and no value is changed",
    async (kind) => {
      const random = createRandom(kind === "clean" ? 21 : 22);
      for (let round = 0; round < 20; round++) {
        const directory = await copyOf(kind);
        const { path, size } = await pickFile(directory, random);
        const length = Math.floor(random() * size);
        await truncate(path, length);
        await survive(directory, `round ${round}: ${path} cut to ${length}`);
        await rm(directory, { recursive: true });
      }
    },
    60_000,
  );

  it("each file removed: it starts, and no value is changed", async () => {
    for (const name of await readdir(join(fixture.unclean, "db"))) {
      const directory = await copyOf("unclean");
      await rm(join(directory, "db", name));
      await survive(directory, `${name} removed`);
    }
  });
});

/** A file of the database with bytes in it. */
async function pickFile(
  directory: string,
  random: () => number,
): Promise<{ path: string; size: number }> {
  const names = (await readdir(join(directory, "db"))).sort();
  const files = [];
  for (const name of names) {
    const path = join(directory, "db", name);
    const { size } = await stat(path);
    if (size > 0 && !name.startsWith("LOG")) files.push({ path, size });
  }
  const picked = files[Math.floor(random() * files.length)];
  if (picked === undefined) throw new Error("the fixture has no files");
  return picked;
}
