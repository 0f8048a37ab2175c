/** The catalogue over a folder of files and the keys that this backend holds. */
import { sign } from "node:crypto";
import { join } from "node:path";
import { type MetadataFile, ROLES, type Role, signersOf } from "#core/catalogue/metadata.js";
import { pathOf, type Release, toReleases } from "#core/catalogue/release.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { type Catalogue, type CatalogueState, LIFE_MS, type RoleState } from "./catalogue.js";
import { withLock } from "./catalogue-lock.js";
import { createMetadataFolder } from "./metadata-folder.js";
import type { OnlineKeys } from "./online-keys.js";
import { readProposals, writeProposals } from "./proposals.js";
import { type Imported, importFiles, type PublishDeps, resign, signWithHeld } from "./publish.js";
import { makeTargets } from "./sign-metadata.js";

const DAY_MS = 86_400_000;
/** A ceremony takes an operator a while. */
const WARN_BEFORE_MS = { root: 60 * DAY_MS, targets: 21 * DAY_MS } as const;

/** What the catalogue works with. */
export interface CatalogueDeps {
  readonly folder: string;
  readonly keys: OnlineKeys;
  readonly clock: Pick<Clock, "nowMs" | "sleep">;
  /** Whether the targets key is here, so that models publish themselves. */
  readonly autoSign: boolean;
}

/** The catalogue, and what only the operator's commands do with it. */
export interface OwnCatalogue extends Catalogue {
  /** @throws HeatpoolError `CATALOGUE_REFUSED` nothing was published */
  import(
    roots: readonly MetadataFile<"root">[],
    targets: MetadataFile<"targets"> | undefined,
  ): Promise<Imported>;
  newest<R extends Role>(role: R): Promise<MetadataFile<R> | undefined>;
  /** Number of the newest file; `undefined`: there is none. */
  newestVersion(role: Exclude<Role, "timestamp">): Promise<number | undefined>;
}

export function createCatalogue({ folder, keys, clock, autoSign }: CatalogueDeps): OwnCatalogue {
  const files = createMetadataFolder(join(folder, "metadata"));
  const proposalsFile = join(folder, "proposed.json");
  const deps: PublishDeps = { files, keys, nowMs: clock.nowMs };
  const locked = <T>(work: () => Promise<T>) => withLock(folder, clock, work);

  /** What is listed now waits no more; a revocation waits until it is listed as one. */
  const tidyProposals = async (): Promise<void> => {
    const waiting = await readProposals(proposalsFile);
    const listed = await listedPaths();
    const left = waiting.filter((one) => !isListed(one, listed.get(one.path)));
    if (left.length < waiting.length) await writeProposals(proposalsFile, left);
  };
  const listedPaths = async () =>
    new Map(releasesOf(await files.newest("targets")).map((one) => [one.path, one]));

  const publishNow = async (releases: readonly Release[]): Promise<void> => {
    const root = await files.newest("root");
    if (root === undefined) throw noRoot();
    const current = await files.newest("targets");
    const life = {
      version: (current?.version ?? 0) + 1,
      expiresAtMs: clock.nowMs() + LIFE_MS.targets,
    };
    const signed = signWithHeld(makeTargets(life, releases), root, await keys.all());
    await importFiles(deps, { roots: [], targets: signed });
  };

  /** While keys are rotated two are listed; the one that the root before did not know stays. */
  const findDirector = async () => {
    const root = await files.newest("root");
    const listed = root?.signed.heatpool.director_keys ?? {};
    const before = await files.read("root", (root?.version ?? 1) - 1);
    const held = (await keys.all()).filter(
      ({ role, keyId }) => role === "director" && keyId in listed,
    );
    return held.find(({ keyId }) => before?.includes(keyId) !== true) ?? held[0];
  };

  return {
    metadata: (role, version) => files.read(role, version),
    newest: files.newest,
    newestVersion: files.newestVersion,
    resign: () => locked(() => resign(deps)),
    state: () => readState({ files, keys, clock, autoSign }, proposalsFile),
    import: (roots, targets) =>
      locked(async () => {
        const more = targets === undefined ? {} : { targets };
        const imported = await importFiles(deps, { roots, ...more });
        await tidyProposals();
        return imported;
      }),
    propose: (given) =>
      locked(async () => {
        const release = { ...given, path: pathOf(given.modelId, given.release) };
        const listed = await listedPaths();
        demandNew(release, listed.get(release.path));
        if (isListed(release, listed.get(release.path))) return "published";
        // Before the first ceremony there is nobody to sign for; it waits.
        if (autoSign && (await files.newest("root")) !== undefined) {
          listed.set(release.path, release);
          await publishNow([...listed.values()]);
          return "published";
        }
        const waiting = await readProposals(proposalsFile);
        const others = waiting.filter(({ path }) => path !== release.path);
        await writeProposals(proposalsFile, [...others, release]);
        return "waiting";
      }),
    async signAsDirector(bytes) {
      const key = await findDirector();
      if (key === undefined) {
        throw new HeatpoolError("NOT_FOUND", "no director key is both held here and listed");
      }
      return { keyId: key.keyId, signature: sign(undefined, bytes, key.privateKey) };
    },
  };
}

/** Whether nothing is left to be said about `release`; what was revoked once stays so. */
function isListed(release: Release, listed: Release | undefined): boolean {
  return listed !== undefined && (listed.revoked || !release.revoked);
}

/** A path stands for the same bytes for ever. */
function demandNew(release: Release, listed: Release | undefined): void {
  if (listed === undefined || listed.sha256 === release.sha256) return;
  throw new HeatpoolError("INVALID_ARGUMENT", `${release.path} is listed with other bytes`, {
    hint: "Publish it under a higher release number.",
  });
}

async function readState(
  { files, keys, clock, autoSign }: Omit<CatalogueDeps, "folder"> & Pick<PublishDeps, "files">,
  proposalsFile: string,
): Promise<CatalogueState> {
  const root = await files.newest("root");
  const roles: Partial<Record<Role, RoleState>> = {};
  for (const role of ROLES) {
    const file = await files.newest(role);
    if (file === undefined || root === undefined) continue;
    const { keyids, threshold } = signersOf(root, role);
    const { version, expiresAtMs } = file;
    roles[role] = { version, expiresAtMs, keyIds: keyids, threshold };
  }
  const directorKeyIds = Object.keys(root?.signed.heatpool.director_keys ?? {});
  const listed = new Set([...Object.keys(root?.signed.keys ?? {}), ...directorKeyIds]);
  const pendingKeyIds = (await keys.all())
    .map(({ keyId }) => keyId)
    .filter((keyId) => !listed.has(keyId));
  const proposed = await readProposals(proposalsFile);
  const releases = releasesOf(await files.newest("targets"));
  const state = { roles, directorKeyIds, pendingKeyIds, releases, proposed, autoSign };
  return { ...state, warnings: findWarnings(state, clock.nowMs()) };
}

function findWarnings(state: Omit<CatalogueState, "warnings">, nowMs: number): string[] {
  const { roles, proposed, autoSign } = state;
  const until = (role: "root" | "targets"): string[] => {
    const expiresAtMs = roles[role]?.expiresAtMs;
    if (expiresAtMs === undefined || expiresAtMs - nowMs > WARN_BEFORE_MS[role]) return [];
    const days = Math.floor((expiresAtMs - nowMs) / DAY_MS);
    const what = days < 0 ? "has expired: no daemon takes a model" : `expires in ${days} days`;
    return [`catalogue: ${role} ${what}; sign the next one`];
  };
  return [
    ...(autoSign
      ? ["catalogue.autoSign: who holds this backend can publish any model to every daemon"]
      : []),
    ...(roles.root === undefined ? ["catalogue: no root was imported; no models are offered"] : []),
    ...until("root"),
    ...until("targets"),
    ...(proposed.length > 0
      ? [`catalogue: ${proposed.length} releases wait for the workstation's signature`]
      : []),
  ];
}

function releasesOf(targets: MetadataFile<"targets"> | undefined): Release[] {
  return targets === undefined ? [] : toReleases(targets.signed.targets);
}

function noRoot(): HeatpoolError {
  return new HeatpoolError("NOT_FOUND", "there is no root yet", {
    hint: "Hold the key ceremony first: `heatpool-backend keys --help`.",
  });
}
