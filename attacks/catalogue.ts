/**
 * Attacks on the daemon's catalogue. Every byte of every role's file changed, and every truncation: none
 * may be taken. Then histories: a repository whose online keys are stolen now and
 * then, held against a small model of what a daemon may ever believe.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Role } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import { createRandom } from "../test/support/chance.js";
import { type CatalogueBed, createCatalogueBed } from "../test/support/daemon-catalogue.js";
import { runHistory } from "../test/support/tuf-history.js";
import { type AttackCounts, type AttackOptions, type AttackSuite, sizeOf } from "./attack-suite.js";

const ROLES: readonly Role[] = ["root", "timestamp", "snapshot", "targets"];
/** Each byte is changed once and each length is cut to once. */
const KINDS = 2;
const MASKS = 255;
/** Altered files of each role, about; full is every byte and every length. */
const BYTES_SIZES = { everyday: 300, full: Number.POSITIVE_INFINITY };
/** A refresh verifies a dozen signatures and a history has eight; the design promises 10,000. */
const HISTORIES_SIZES = { everyday: 150, full: 10_000 };
const NAMES: Record<Role, string> = {
  root: "2.root.json",
  timestamp: "timestamp.json",
  snapshot: "2.snapshot.json",
  targets: "2.targets.json",
};

/** Altered files. */
export const catalogueBytes: AttackSuite = {
  name: "catalogue-bytes",
  run: (options) => inFolder((folder) => attackBytes(folder, options)),
};

/** Histories. */
export const catalogueHistories: AttackSuite = {
  name: "catalogue-histories",
  run: (options) => inFolder((folder) => attackHistories(folder, options)),
};

async function inFolder(work: (folder: string) => Promise<AttackCounts>): Promise<AttackCounts> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-attack-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function attackBytes(folder: string, options: AttackOptions): Promise<AttackCounts> {
  const { seed, onProgress } = options;
  const wanted = sizeOf(options, BYTES_SIZES);
  const counts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
  const random = createRandom(seed);
  const bed = await createCatalogueBed(folder);
  if ((await bed.refresh()) !== "fresh") throw new Error("the honest catalogue was refused");
  bed.repository.root();
  bed.repository.publish();
  const before = await bed.store.read();
  for (const role of ROLES) {
    const honest = bed.repository.files.get(NAMES[role]) ?? Buffer.alloc(0);
    const all = honest.length * KINDS;
    const share = Math.min(1, wanted / all);
    for (let number = 0; number < all; number += 1) {
      if (random() >= share) continue;
      bed.repository.files.set(NAMES[role], alter(honest, number, random));
      counts.cases += 1;
      onProgress?.(counts.cases);
      const verdict = await judge(bed, role);
      if (verdict === "accepted") counts.accepted += 1;
      if (verdict === "crashed") counts.crashes += 1;
      await bed.store.commit(before);
    }
    bed.repository.files.set(NAMES[role], honest);
  }
  if ((await bed.refresh()) !== "fresh") throw new Error("the honest catalogue was refused");
  return counts;
}

/** First all bytes, then all lengths. */
function alter(honest: Buffer, number: number, random: () => number): Buffer {
  if (number >= honest.length) return honest.subarray(0, number - honest.length);
  const altered = Buffer.from(honest);
  altered[number] = (altered[number] ?? 0) ^ (1 + Math.floor(random() * MASKS));
  return altered;
}

/** Taken is also what was only remembered: the altered file must be nowhere. */
async function judge(bed: CatalogueBed, role: Role): Promise<"refused" | "accepted" | "crashed"> {
  try {
    const report = await bed.report();
    if (report.outcome === "fresh") return "accepted";
    if (!(report.fault instanceof HeatpoolError)) return "crashed";
    const altered = bed.repository.files.get(NAMES[role]);
    const kept = (await bed.store.read()).files[role];
    return altered !== undefined && kept?.equals(altered) ? "accepted" : "refused";
  } catch {
    return "crashed";
  }
}

async function attackHistories(folder: string, options: AttackOptions): Promise<AttackCounts> {
  const { seed, onProgress } = options;
  const counts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
  const histories = sizeOf(options, HISTORIES_SIZES);
  for (let number = 0; number < histories; number += 1) {
    counts.cases += 1;
    onProgress?.(counts.cases);
    try {
      const wrong = await runHistory(folder, createRandom(seed * 1_000_003 + number));
      if (wrong !== undefined) counts.accepted += 1;
    } catch {
      counts.crashes += 1;
    }
  }
  return counts;
}
