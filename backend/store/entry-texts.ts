/**
 * Records of the store as texts, for whoever has to know what is written in them. Compressed
 * readings are numbers and are left out; the names beside them are not.
 */
import type { AuditedText } from "../privacy/audit.js";
import type { StoreEntry } from "./backup.js";
import { type Space, spaceOf } from "./store-keys.js";
import { openBlock, openValue } from "./store-values.js";

/** Kinds whose payload is JSON. */
const JSON_SPACES: ReadonlySet<Space> = new Set([
  "installation",
  "epoch",
  "loss",
  "day",
  "deadLetter",
  "table",
  "totals",
]);

/** Kinds that belong to no single installation. */
const SHARED: ReadonlySet<Space> = new Set(["table", "totals", "record"]);

/** `undefined`: nothing is written in it. @throws HeatpoolError `STORE_DAMAGED` */
export function textOf([key, value]: StoreEntry): AuditedText | undefined {
  const space = spaceOf(key);
  // The end of a range that is being rewritten.
  if (space === undefined || value.length === 0) return undefined;
  const mayHoldIds = !SHARED.has(space);
  if (space === "record") {
    const name = key.toString("utf8", 2);
    return { where: `record ${name}`, text: openValue(key, value).toString("utf8"), mayHoldIds };
  }
  if (space === "block") {
    const { heatpumpModel, batch } = openBlock(key, value);
    return { where: "a batch", text: `${heatpumpModel} ${batch.deviceId}`, mayHoldIds };
  }
  if (!JSON_SPACES.has(space)) return undefined;
  return {
    where: `a record of ${space}`,
    text: openValue(key, value).toString("utf8"),
    mayHoldIds,
  };
}
