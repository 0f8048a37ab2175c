/** Names that come by HTTP: ids of installations, heat pump models, metrics. */
import { readUuid } from "#core/uuid.js";
import { Refusal } from "./answers.js";

/** Letters of any script, and what stands in product names and profiles; no quotes, no line ends. */
const MODEL_NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} _.()+/-]{0,127}$/u;
/** Steps out of a folder, should a name ever become one. */
const STEP_OUT = /\.\.|\/\/|\/\.|\/$/;
const METRIC_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,95}$/;
/** How the earlier server named its series. */
const METRIC_PREFIX = "heatpump_metrics_";

/** @throws Refusal 400, in the contract's words */
export function parseInstallationId(text: string): string {
  const id = readUuid(text);
  if (id === undefined) throw new Refusal(400, "Invalid installation_id format (must be UUID)");
  return id;
}

/** A heat pump model as it may be stored; `undefined`: it may not. Empty is none. */
export function readModel(text: string): string | undefined {
  const name = text.normalize("NFC").trim();
  if (name === "") return name;
  return MODEL_NAME.test(name) && !STEP_OUT.test(name) ? name : undefined;
}

/** @throws Refusal 400, in the contract's words */
export function parseModel(text: string): string {
  const name = readModel(text);
  if (name === undefined) throw new Refusal(400, "Invalid model name format");
  return name;
}

/** A metric's own name. @throws Refusal 400, in the contract's words */
export function parseMetric(text: string): string {
  const name = text.trim();
  if (!METRIC_NAME.test(name)) {
    throw new Refusal(400, `Invalid metric name: ${name.slice(0, 64).replace(/\p{Cc}/gu, " ")}`);
  }
  return withoutPrefix(name);
}

/** `heatpump_metrics_temp_flow` is `temp_flow`. */
export function withoutPrefix(name: string): string {
  return name.startsWith(METRIC_PREFIX) ? name.slice(METRIC_PREFIX.length) : name;
}
