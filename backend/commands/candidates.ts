/**
 * `heatpool-backend models candidates|candidate|publish|discard`: what training came to, and what is
 * to become of it. Works on the store, or asks the backend that has it open.
 */
import type { ModelCard } from "#core/anomaly/model-card.js";
import { HeatpoolError } from "#core/errors.js";
import { openEngines } from "../assembly/engines.js";
import { openModels } from "../assembly/open-models.js";
import { openCandidates } from "../assembly/training-rooms.js";
import { createLog } from "../host/log.js";
import type { CandidateDesk, ListedCandidate } from "../train/training-desk.js";
import { type AdminOptions, describeTime, withAdmin } from "./admin.js";
import { findStoreKey, loadConfig, type Machine } from "./machine.js";

/** @throws HeatpoolError `UNAVAILABLE` the store is open and no backend answers */
export async function listCandidates(
  machine: Machine,
  modelId: string | undefined,
  options: AdminOptions,
): Promise<void> {
  await withCandidates(machine, options, async (desk) => {
    const candidates = await desk.candidates(modelId ?? "");
    if (options.json) return machine.print(JSON.stringify({ candidates }));
    for (const one of candidates) for (const line of summarise(one)) machine.print(line);
    if (candidates.length === 0) machine.print("Nothing was trained yet.");
  });
}

/** @throws HeatpoolError `NOT_FOUND` no such candidate */
export async function showCandidate(
  machine: Machine,
  modelId: string,
  version: string,
  options: AdminOptions,
): Promise<void> {
  await withCandidates(machine, options, async (desk) => {
    const all = await desk.candidates(modelId);
    const found = all.find((one) => one.modelId === modelId && one.card.version === version);
    if (found === undefined)
      throw new HeatpoolError("NOT_FOUND", `no candidate ${version} of ${modelId}`, {
        hint: `There are: ${all.map(({ card }) => card.version).join(", ") || "none"}.`,
      });
    if (options.json) return machine.print(JSON.stringify(found));
    for (const line of [...summarise(found), ...describeCard(found.card)]) machine.print(line);
  });
}

/** @throws HeatpoolError `NOT_FOUND` · `STATE_INVALID` it did not pass, or is published */
export async function publishCandidate(
  machine: Machine,
  modelId: string,
  version: string,
  options: AdminOptions,
): Promise<void> {
  await withCandidates(machine, options, async (desk) => {
    const { release, isListed } = await desk.publish(modelId, version);
    if (options.json) return machine.print(JSON.stringify({ modelId, version, release, isListed }));
    const when = isListed
      ? "the catalogue says so"
      : "the catalogue says so once targets are signed: `keys export`, `keys sign-targets`, `keys import`";
    machine.print(`${modelId} ${version} is release ${release}; ${when}.`);
  });
}

/** @throws HeatpoolError `NOT_FOUND` · `STATE_INVALID` it is published */
export async function discardCandidate(
  machine: Machine,
  modelId: string,
  version: string,
  options: AdminOptions,
): Promise<void> {
  await withCandidates(machine, options, async (desk) => {
    await desk.discard(modelId, version);
    const discarded = { modelId, version, discarded: true };
    machine.print(options.json ? JSON.stringify(discarded) : `${modelId} ${version} is gone.`);
  });
}

/** The store where it can be opened; who has it open is asked otherwise. */
async function withCandidates(
  machine: Machine,
  options: AdminOptions,
  work: (desk: CandidateDesk) => Promise<void>,
): Promise<void> {
  const ask = () => withAdmin(machine, options, ({ training }) => work(training));
  if (options.admin !== undefined) return await ask();
  const { config, places } = loadConfig(options.config);
  const { clock, chance } = machine;
  const log = createLog({
    ...{ write: () => undefined, clock, threshold: () => "error", mask: (text) => text },
  });
  const engines = await openEngines({ config, places, clock, chance, log }).catch(noneIfLocked);
  if (engines === undefined) return await ask();
  try {
    const storeKey = findStoreKey(places, machine);
    const models =
      storeKey === undefined ? undefined : openModels({ config, places, clock, chance, storeKey });
    const parts = { places, storeKey, clock, chance, store: engines.store };
    await work(openCandidates(parts, models?.catalogue));
  } finally {
    await engines.close();
  }
}

function noneIfLocked(fault: unknown): undefined {
  if (fault instanceof HeatpoolError && fault.code === "STORE_LOCKED") return undefined;
  throw fault;
}

const OUTCOMES = { candidate: "waits", refused: "refused", published: "published" } as const;

function summarise(candidate: ListedCandidate): string[] {
  const { modelId, heatpumpModel, card, outcome, reasons, madeAtMs, bytes } = candidate;
  const { figures, months, installations } = card;
  const passed = card.gates.filter(({ isPassed }) => isPassed).length;
  return [
    `${modelId} ${card.version}  ${OUTCOMES[outcome]}  made ${describeTime(madeAtMs)}, for ${heatpumpModel}`,
    `  ${months.at(0) ?? "-"} to ${months.at(-1) ?? "-"}, ${installations} installations, ` +
      `${card.machineMonths} machine-months, ${bytes} bytes`,
    `  false alarms per machine-month ${figures.falseAlarmsPerMonth}, ` +
      `recall ${figures.recall} of ${figures.events} injected faults, ` +
      `gates ${passed} of ${card.gates.length}`,
    ...reasons.map((why) => `  ${why}`),
  ];
}

function describeCard(card: ModelCard): string[] {
  const { figures, published, influence, gates, silentParts, limits } = card;
  const before =
    published === undefined
      ? "nothing was published before"
      : `published before: ${published.falseAlarmsPerMonth} and ${published.recall}`;
  return [
    `  named right ${figures.topTwo}, share of time in alarm ${figures.share}, ` +
      `judged on ${figures.machineMonths} machine-months; ${before}`,
    `  influence of one installation ${influence} of what is allowed`,
    `  software ${card.software}, seed ${card.seed}, input ${card.inputHash}`,
    ...gates.map(
      ({ name, isPassed, detail }) => `  ${isPassed ? "passed" : "failed"}  ${name}: ${detail}`,
    ),
    ...(silentParts.length === 0 ? [] : [`  silent: ${silentParts.join(", ")}`]),
    ...limits.map((text) => `  ${text}`),
  ];
}
