/** What may follow what: a new file is published only when every daemon would take it. Pure. */
import {
  demandAllGood,
  demandThreshold,
  type MetadataFile,
  type Role,
  sha256Hex,
  signersOf,
} from "#core/catalogue/metadata.js";
import { toReleases } from "#core/catalogue/release.js";
import { HeatpoolError } from "#core/errors.js";

type Root = MetadataFile<"root">;
type Targets = MetadataFile<"targets">;

/**
 * A root follows the one before: the next version, signed by the thresholds of both.
 *
 * @throws HeatpoolError `CATALOGUE_REFUSED`
 */
export function demandSuccessor(next: Root, current: Root | undefined, nowMs: number): void {
  demandNextVersion(next, current);
  demandUnexpired(next, nowMs);
  const own = signersOf(next, "root");
  demandThreshold(next, own);
  const before = current === undefined ? [] : [signersOf(current, "root")];
  for (const signers of before) demandThreshold(next, signers);
  demandAllGood(next, [own, ...before]);
}

/**
 * Targets follow those before: a later version, signed as `root` says; a release that stays listed
 * keeps its bytes, and one that was revoked stays so.
 *
 * @throws HeatpoolError `CATALOGUE_REFUSED`
 */
export function demandTargets(
  next: Targets,
  root: Root,
  current: Targets | undefined,
  nowMs: number,
): void {
  demandNextVersion(next, current);
  demandUnexpired(next, nowMs);
  demandSigned(next, root);
  const before = current === undefined ? [] : toReleases(current.signed.targets);
  const now = new Map(toReleases(next.signed.targets).map((one) => [one.path, one]));
  for (const old of before) {
    const one = now.get(old.path);
    if (one === undefined) continue;
    if (one.sha256 !== old.sha256 || one.length !== old.length) {
      throw refuse(next.role, `${old.path} would get other bytes`);
    }
    if (old.revoked && !one.revoked) throw refuse(next.role, `${old.path} was revoked`);
  }
}

/** @throws HeatpoolError `CATALOGUE_REFUSED` not signed as `root` says */
export function demandSigned(file: MetadataFile<Role>, root: Root): void {
  const signers = signersOf(root, file.role);
  demandThreshold(file, signers);
  demandAllGood(file, [signers]);
}

export function isSigned(file: MetadataFile<Role>, root: Root): boolean {
  try {
    demandSigned(file, root);
    return true;
  } catch {
    return false;
  }
}

/** Whether `snapshot` names exactly these targets. */
export function isSnapshotOf(snapshot: MetadataFile<"snapshot">, targets: Targets): boolean {
  const listed = snapshot.signed.meta["targets.json"];
  return listed.version === targets.version && listed.hashes.sha256 === sha256Hex(targets.bytes);
}

function demandNextVersion(
  next: MetadataFile<Role>,
  current: MetadataFile<Role> | undefined,
): void {
  const wanted = (current?.version ?? 0) + 1;
  if (next.version === wanted) return;
  throw refuse(next.role, `version ${next.version} came, ${wanted} is next`);
}

function demandUnexpired({ role, expiresAtMs }: MetadataFile<Role>, nowMs: number): void {
  if (expiresAtMs > nowMs) return;
  throw refuse(role, `expired on ${new Date(expiresAtMs).toISOString()}`);
}

function refuse(role: Role, what: string): HeatpoolError {
  return new HeatpoolError("CATALOGUE_REFUSED", `${role}: ${what}`);
}
