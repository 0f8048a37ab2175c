/** Blocks of one device over some days, as tasks of workers take them. */
import { createHash } from "node:crypto";
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { DeviceBlocks } from "./fit-month.js";
import { DAY_MS } from "./month.js";

/** Blocks, and what they hash to. */
export interface ReadBlocks extends DeviceBlocks {
  readonly hash: string;
}

/** What is read. */
export interface BlockSource {
  readonly installationId: string;
  readonly deviceId: string;
  readonly heatpumpModel: string;
  readonly fromDay: number;
  /** First day after. */
  readonly toDay: number;
}

/** Changes when months have to be summed anew by a newer program. */
const FORM = "heatpool-month/3";

/** `undefined`: none of that heat pump model. */
export async function readBlocks(
  store: Pick<SnapshotStore, "blocksOfDays">,
  tables: readonly ChannelTable[],
  source: BlockSource,
): Promise<ReadBlocks | undefined> {
  const { installationId, deviceId, heatpumpModel, fromDay, toDay } = source;
  const found: { firstMs: number; batch: SealedBatch; digest: string }[] = [];
  // A block is filed under the day of its first row and may reach into the next.
  for await (const block of store.blocksOfDays(installationId, deviceId, fromDay - 1, toDay)) {
    if (block.heatpumpModel !== heatpumpModel || block.lastMs < fromDay * DAY_MS) continue;
    const digest = Buffer.from(block.batch.digest).toString("hex");
    found.push({ firstMs: block.firstMs, batch: block.batch, digest });
  }
  if (found.length === 0) return undefined;
  found.sort((a, b) => a.firstMs - b.firstMs || (a.digest < b.digest ? -1 : 1));
  const blocks = found.map(({ batch }) => batch);
  const used = new Set(blocks.map(({ tableId }) => hex(tableId)));
  const hash = createHash("sha256").update(JSON.stringify([FORM, heatpumpModel, fromDay, toDay]));
  for (const { digest } of found) hash.update(digest);
  return {
    heatpumpModel,
    tables: tables.filter(({ id }) => used.has(hex(id))),
    blocks,
    hash: hash.digest("hex"),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
