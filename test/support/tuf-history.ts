/**
 * A random life of a repository with a thief in it, and a small model of what a daemon may believe.
 *
 * The thief has the backend: timestamp, snapshot and director keys, and every file that was ever
 * published. The operator publishes, rotates keys and lets time pass. The model knows which lists
 * of models the offline key signed, and in which order; it knows nothing of TUF.
 */
import { createCatalogueBed } from "./daemon-catalogue.js";
import { aRelease, signedFile, TufRepository, testKey } from "./tuf-repository.js";

const STEPS = 8;
const HOUR_MS = 3_600_000;

/** What the model knows. */
interface Belief {
  /** Lists that the offline key signed, by version. */
  readonly signed: Map<number, string>;
  /** Highest list that the daemon ever had in use, since snapshot keys were last replaced. */
  highest: number;
  /** Root that the daemon follows. */
  root: number;
}

/** Lives one history. Resolves with what the daemon did wrong, or with nothing. */
export async function runHistory(
  folder: string,
  random: () => number,
): Promise<string | undefined> {
  const repository = new TufRepository();
  const bed = await createCatalogueBed(folder, { repository });
  const belief: Belief = { signed: new Map([[1, listOf(repository)]]), highest: 0, root: 1 };
  const stolen: { name: string; bytes: Buffer }[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    for (const [name, bytes] of repository.files) stolen.push({ name, bytes });
    act(repository, belief, stolen, random, step);
    if (random() < 0.3) await bed.pass(Math.floor(random() * 40) * HOUR_MS);
    if (random() < 0.1) await bed.restart();
    if (random() < 0.2) continue;
    await bed.report();
    const wrong = judge(bed, belief);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function judge(
  bed: Awaited<ReturnType<typeof createCatalogueBed>>,
  belief: Belief,
): string | undefined {
  const { rootVersion } = bed.catalogue.state();
  if (rootVersion < belief.root) return `root went from ${belief.root} to ${rootVersion}`;
  belief.root = rootVersion;
  const trusted = bed.catalogue.trusted();
  if (trusted === undefined) return undefined;
  const list = belief.signed.get(trusted.version);
  if (list === undefined) return `list ${trusted.version} was never signed offline`;
  const found = trusted.at(`aero-slm/${trusted.version}/model.enc`)?.sha256 ?? "";
  if (found !== list) return `list ${trusted.version} holds another model`;
  if (trusted.version < belief.highest) {
    return `list ${belief.highest} was in use, then ${trusted.version}`;
  }
  belief.highest = trusted.version;
  return undefined;
}

/** One thing that the operator or the thief does. */
function act(
  r: TufRepository,
  belief: Belief,
  stolen: readonly { name: string; bytes: Buffer }[],
  random: () => number,
  step: number,
): void {
  const pick = Math.floor(random() * 12);
  if (pick <= 3) publish(r, belief, random);
  if (pick === 4) r.refreshed();
  if (pick === 5) r.root();
  if (pick === 6) rotate(r, belief, random, step);
  if (pick === 7) replay(r, stolen, random);
  if (pick === 8) {
    // An older list under new signatures of the stolen online keys.
    const newest = r.versions.targets;
    r.versions.targets = 1 + Math.floor(random() * newest);
    r.refreshed();
    r.versions.targets = newest;
  }
  if (pick === 9) forge(r, step);
  if (pick === 10) flip(r, random);
  if (pick === 11) {
    // A root of the thief's own: one root key was found, two are wanted.
    const thief = testKey(`thief ${step}`);
    const { root, targets } = r.keys;
    r.keys.targets = [thief];
    r.root(root.slice(0, 1));
    r.keys.targets = targets;
    r.files.delete(`${r.versions.root}.root.json`);
    r.versions.root -= 1;
  }
}

function publish(r: TufRepository, belief: Belief, random: () => number): void {
  const release = r.versions.targets + 1;
  const sha256 = Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(64, "0");
  r.releases = [aRelease({ release, sha256 })];
  r.publish();
  belief.signed.set(release, listOf(r));
}

function listOf(r: TufRepository): string {
  return r.releases[0]?.sha256 ?? "";
}

function rotate(r: TufRepository, belief: Belief, random: () => number, step: number): void {
  const role = (["targets", "snapshot", "timestamp"] as const)[Math.floor(random() * 3)];
  if (role === undefined) return;
  // A new snapshot key forgets what the old one listed (TUF 1.0.31, 5.3.11): fast-forward ends so,
  // and who stole the new one as well can show an older list. No release goes back by that: the
  // daemon remembers the highest of each model itself.
  if (role === "snapshot") belief.highest = 0;
  r.keys[role] = [testKey(`${role} ${step}`)];
  r.root();
  publish(r, belief, random);
}

function replay(
  r: TufRepository,
  stolen: readonly { name: string; bytes: Buffer }[],
  random: () => number,
): void {
  const one = stolen[Math.floor(random() * stolen.length)];
  if (one !== undefined) r.files.set(one.name, one.bytes);
}

/** A list of the thief's own, signed by every key that lies on the backend. */
function forge(r: TufRepository, step: number): void {
  const releases = r.releases;
  const before = { ...r.versions };
  r.releases = [aRelease({ release: 1_000 + step, sha256: "bad".padStart(64, "0") })];
  const online = [...r.keys.snapshot, ...r.keys.timestamp, ...r.keys.director];
  r.targets(undefined, online);
  r.refreshed();
  r.releases = releases;
  r.versions.targets = before.targets;
  r.put("timestamp", 0, signedFile(r.json("timestamp").signed, r.keys.timestamp));
}

function flip(r: TufRepository, random: () => number): void {
  const names = [...r.files.keys()];
  const name = names[Math.floor(random() * names.length)] ?? "";
  const bytes = Buffer.from(r.files.get(name) ?? "");
  const at = Math.floor(random() * bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  r.files.set(name, bytes);
}
