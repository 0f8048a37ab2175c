/** The catalogue over a store, a source and the pinned root. */
import { readMetadata, sha256Hex } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import type {
  Catalogue,
  CatalogueState,
  MetadataSource,
  RefreshReport,
  TrustedCatalogue,
} from "./catalogue.js";
import type { EffectiveTime } from "./effective-time.js";
import type { MetadataStore } from "./metadata-store.js";
import { clearPrivateFolders } from "./private-folder.js";
import { refresh } from "./refresh.js";
import { chooseStart } from "./start-files.js";
import { createTrustedCatalogue } from "./trusted-catalogue.js";

/** What the catalogue works with. */
export interface CatalogueDeps {
  readonly store: MetadataStore;
  readonly source: MetadataSource;
  readonly time: EffectiveTime;
  /** The first root to be trusted: from the package or the configuration. */
  readonly pinnedRoot: Uint8Array;
  /** Where private folders may be made; best in memory. */
  readonly folder: string;
}

/** @throws HeatpoolError `CONFIG_INVALID` the pinned root is none · `STORE_FAILED` */
export async function openCatalogue(deps: CatalogueDeps): Promise<Catalogue> {
  const { store, source, time, folder } = deps;
  const pinned = readPinned(deps.pinnedRoot);
  await clearPrivateFolders(folder);
  const { remembered } = chooseStart(await store.read(), pinned);
  time.learn(remembered.signedAtMs);
  let trusted: TrustedCatalogue | undefined;
  let facts = { rootVersion: 0, expiresAtMs: 0, signedAtMs: remembered.signedAtMs };
  let refusals = 0;
  let lastFault: string | undefined;
  let running: Promise<RefreshReport> | undefined;

  /** From what is remembered; what the newest root does not vouch for is not trusted any more. */
  const reload = async (): Promise<void> => {
    const { root, remembered: now } = chooseStart(await store.read(), pinned);
    const made = createTrustedCatalogue(root, now.accepted);
    trusted = made?.catalogue;
    const expiresAtMs = Math.min(made?.expiresAtMs ?? 0, root.expiresAtMs);
    facts = { rootVersion: root.version, expiresAtMs, signedAtMs: now.signedAtMs };
  };
  await reload();

  const cycle = async (signal: AbortSignal): Promise<RefreshReport> => {
    let fault: unknown;
    try {
      fault = await refresh({ store, source, time, folder, pinned, signal });
    } catch (error) {
      fault = error;
    }
    await reload().catch((error: unknown) => {
      fault ??= error;
    });
    if (fault === undefined) {
      lastFault = undefined;
      return { outcome: "fresh" };
    }
    // What is no error of ours is a bug and must be seen.
    if (!(fault instanceof HeatpoolError)) throw fault;
    if (fault.code === "CATALOGUE_REFUSED") refusals += 1;
    lastFault = `${fault.code}: ${fault.message}`;
    return { outcome: "failed", fault };
  };

  return {
    trusted: () => trusted,
    state(): CatalogueState {
      const nowMs = time.nowMs();
      const isStale = nowMs !== undefined && nowMs >= facts.expiresAtMs;
      return {
        freshness: trusted === undefined ? "NONE" : isStale ? "STALE" : "FRESH",
        rootVersion: facts.rootVersion,
        targetsVersion: trusted?.version ?? 0,
        signedAtMs: facts.signedAtMs,
        refusals,
        lastFault,
      };
    },
    refresh(signal) {
      running ??= cycle(signal).finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

function readPinned(bytes: Uint8Array) {
  try {
    return { root: readMetadata("root", bytes), pin: sha256Hex(bytes) };
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `the pinned root: ${(cause as Error).message}`, {
      cause,
      hint: "Copy the operator's root file as it is.",
    });
  }
}
