/**
 * Sums of months in the store, by installation. They are about a household as its readings are:
 * erased with it, gone when it takes its consent back, and never older than readings may be.
 */
import { createHash } from "node:crypto";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { decodeMonth, encodeMonth, type KeptMonth } from "./month-record.js";

/** Which month of which device. */
export interface MonthPlace {
  readonly installationId: string;
  readonly deviceId: string;
  readonly heatpumpModel: string;
  /** `2026-11` */
  readonly month: string;
}

const PREFIX = "train/month/";
const NAME_HEX = 12;
const HOUSE_HEX = 32;

type Records = Pick<SnapshotStore, "putRecord" | "record" | "recordNames" | "removeRecord">;

/** A month as it was learnt last, if it can be read. */
export async function readMonth(store: Records, at: MonthPlace): Promise<KeptMonth | undefined> {
  const bytes = await store.record(nameOf(at));
  return bytes === undefined ? undefined : decodeMonth(bytes);
}

export async function keepMonth(store: Records, at: MonthPlace, month: KeptMonth): Promise<void> {
  await store.putRecord(nameOf(at), encodeMonth(month));
}

/** Forgets one installation's sums; for erasure. Says how many. */
export async function forgetMonths(store: Records, installationId: string): Promise<number> {
  const names = await store.recordNames(`${PREFIX}${houseOf(installationId)}/`);
  for (const name of names) await store.removeRecord(name);
  return names.length;
}

/** Forgets sums of installations that may not be learnt from, and of months before `oldest`. */
export async function pruneMonths(
  store: Records,
  installationIds: readonly string[],
  oldest: string,
): Promise<number> {
  const kept = new Set(installationIds.map(houseOf));
  let removed = 0;
  for (const name of await store.recordNames(PREFIX)) {
    const [house = "", month = ""] = name.slice(PREFIX.length).split("/");
    if (kept.has(house) && month >= oldest) continue;
    await store.removeRecord(name);
    removed++;
  }
  return removed;
}

function nameOf({ installationId, deviceId, heatpumpModel, month }: MonthPlace): string {
  const device = createHash("sha256").update(JSON.stringify([deviceId, heatpumpModel]));
  return `${PREFIX}${houseOf(installationId)}/${month}/${device.digest("hex").slice(0, NAME_HEX)}`;
}

/** Ids stand in no name: what a file system still holds of an erased name says nothing. */
function houseOf(installationId: string): string {
  return createHash("sha256").update(installationId).digest("hex").slice(0, HOUSE_HEX);
}
