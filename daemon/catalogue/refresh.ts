/**
 * One refresh: roots ahead, the workflow in a private folder, our own judgement of time, one commit.
 *
 * What tuf-js verified is committed also when the refresh failed, so that versions never go back.
 * In use comes only a complete catalogue of which nothing is expired.
 */
import { type MetadataFile, type Role, readMetadata } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import type { MetadataSource } from "./catalogue.js";
import type { EffectiveTime } from "./effective-time.js";
import type { MetadataStore, Remembered } from "./metadata-store.js";
import { inPrivateFolder, type RoleFiles } from "./private-folder.js";
import { fetchRoots } from "./root-chain.js";
import { chooseStart, type PinnedRoot } from "./start-files.js";
import { runWorkflow } from "./tuf-workflow.js";

/** What a refresh works with. */
export interface RefreshDeps {
  readonly store: MetadataStore;
  readonly source: MetadataSource;
  readonly time: EffectiveTime;
  readonly folder: string;
  readonly pinned: PinnedRoot;
  readonly signal: AbortSignal;
}

/** A backend's clock may run ahead of ours by this much. */
const CLOCK_SKEW_MAX_MS = 300_000;

/**
 * @returns what the refresh failed for
 * @throws HeatpoolError `STORE_FAILED` nothing was committed
 */
export async function refresh(deps: RefreshDeps): Promise<unknown> {
  const { store, source, time, folder, pinned, signal } = deps;
  const start = chooseStart(await store.read(), pinned);
  const chain = await fetchRoots(source, start.root, signal);
  // Nothing new was verified, so there is nothing to do in a folder.
  if (chain.fault !== undefined && chain.roots.size === 0) return chain.fault;
  const workflow = { source, chain, nowMs: time.nowMs(), signal };
  const { files, thrown } = await inPrivateFolder(folder, start.files, (path) =>
    runWorkflow(path, workflow),
  );
  const judged = thrown === undefined ? judge(files, time) : { fault: thrown };
  const before = start.remembered;
  const remembered: Remembered = {
    pin: pinned.pin,
    files,
    accepted: judged.accepted ?? before.accepted,
    signedAtMs: Math.max(before.signedAtMs, judged.signedAtMs ?? 0),
  };
  if (!isSame(remembered, before)) await store.commit(remembered);
  if (judged.signedAtMs !== undefined) time.learn(judged.signedAtMs);
  if (judged.fault === undefined && chain.isCut) {
    return new HeatpoolError("UNAVAILABLE", "more roots follow in the next cycle");
  }
  return judged.fault;
}

/** What is decided about a complete set. */
interface Judgement {
  readonly fault?: unknown;
  readonly accepted?: Remembered["accepted"];
  readonly signedAtMs?: number;
}

/** All four roles once more, by a time that now knows when the timestamp was signed. */
function judge(files: RoleFiles, time: EffectiveTime): Judgement {
  const { root, timestamp, snapshot, targets } = files;
  if (!root || !timestamp || !snapshot || !targets) {
    return { fault: new HeatpoolError("CATALOGUE_REFUSED", "a role is missing") };
  }
  const signed = readMetadata("timestamp", timestamp);
  const signedAtMs = Date.parse(signed.signed.heatpool.signed_at);
  const syncedMs = time.syncedNowMs();
  if (syncedMs !== undefined && signedAtMs > syncedMs + CLOCK_SKEW_MAX_MS) {
    return { fault: refuse(signed, `signed in the future, ${signed.signed.heatpool.signed_at}`) };
  }
  const nowMs = Math.max(time.nowMs() ?? 0, signedAtMs);
  const all: readonly MetadataFile<Role>[] = [
    readMetadata("root", root),
    signed,
    readMetadata("snapshot", snapshot),
    readMetadata("targets", targets),
  ];
  const expired = all.find(({ expiresAtMs }) => expiresAtMs <= nowMs);
  if (expired !== undefined) {
    return { fault: refuse(expired, `expired on ${expired.signed.expires}`) };
  }
  return { accepted: { timestamp, targets }, signedAtMs };
}

/** An unchanged catalogue costs no write. */
function isSame(one: Remembered, other: Remembered): boolean {
  const listOf = ({ pin, files, accepted, signedAtMs }: Remembered) => {
    const { root, timestamp, snapshot, targets } = files;
    const bytes = [root, timestamp, snapshot, targets, accepted.timestamp, accepted.targets];
    return [pin, String(signedAtMs), ...bytes.map((file) => file?.toString("latin1"))];
  };
  const others = listOf(other);
  return listOf(one).every((text, index) => text === others[index]);
}

function refuse({ role }: MetadataFile<Role>, what: string): HeatpoolError {
  return new HeatpoolError("CATALOGUE_REFUSED", `${role}: ${what}`);
}
