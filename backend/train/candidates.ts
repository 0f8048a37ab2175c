/**
 * Candidates as they are kept: content, card, and whether they may be published. Refused ones stay
 * for 90 days, so that the operator can read why.
 */
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { KeptCandidate } from "./training-desk.js";

/** Where candidates are kept. */
export type CandidateRecords = Pick<
  SnapshotStore,
  "putRecord" | "record" | "recordNames" | "removeRecord"
>;

const PREFIX = "train/candidate/";
const REFUSED_KEPT_MS = 90 * 86_400_000;
const NAME_BYTES_MAX = 56;

/** Id in the catalogue of the model for a heat pump model; `*`: for all. */
export function modelIdOf(heatpumpModel: string): string {
  const name = heatpumpModel === "*" ? "generic" : heatpumpModel.toLowerCase();
  return `normal-${name.replace(/[^a-z0-9._-]+/g, "-")}`.slice(0, NAME_BYTES_MAX);
}

/** The next free version of a month: `v2026.11`, then `v2026.11.1`. */
export function nextVersion(month: string, taken: readonly string[]): string {
  const first = `v${month.replace("-", ".")}`;
  for (let repeat = 0; ; repeat++) {
    const version = repeat === 0 ? first : `${first}.${repeat}`;
    if (!taken.includes(version)) return version;
  }
}

export async function keepCandidate(
  store: CandidateRecords,
  candidate: KeptCandidate,
): Promise<void> {
  const name = `${PREFIX}${candidate.modelId}/${candidate.card.version}`;
  await store.putRecord(name, Buffer.from(JSON.stringify(candidate), "utf8"));
}

/** Notes that a candidate became a release. */
export async function markPublished(
  store: CandidateRecords,
  modelId: string,
  version: string,
): Promise<void> {
  const all = await listCandidates(store, modelId);
  const one = all.find(({ card }) => card.version === version);
  if (one !== undefined) await keepCandidate(store, { ...one, outcome: "published" });
}

/** Forgets one. */
export async function removeCandidate(
  store: CandidateRecords,
  modelId: string,
  version: string,
): Promise<void> {
  await store.removeRecord(`${PREFIX}${modelId}/${version}`);
}

/** Candidates of a model id, or of all; in the order of their names. */
export async function listCandidates(
  store: CandidateRecords,
  modelId = "",
): Promise<KeptCandidate[]> {
  const found: KeptCandidate[] = [];
  const prefix = modelId === "" ? PREFIX : `${PREFIX}${modelId}/`;
  for (const name of await store.recordNames(prefix)) {
    const bytes = await store.record(name);
    if (bytes !== undefined) found.push(JSON.parse(Buffer.from(bytes).toString("utf8")));
  }
  return found;
}

/** Forgets refused ones whose time is up. */
export async function pruneCandidates(store: CandidateRecords, nowMs: number): Promise<void> {
  for (const { modelId, card, outcome, madeAtMs } of await listCandidates(store)) {
    if (outcome !== "refused" || nowMs - madeAtMs <= REFUSED_KEPT_MS) continue;
    await removeCandidate(store, modelId, card.version);
  }
}
