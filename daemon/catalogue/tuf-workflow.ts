/**
 * The client workflow of TUF (1.0.31, sections 5.2 to 5.6), done by tuf-js in a private folder.
 *
 * Its fetcher hands it nothing that was not read by `core/catalogue` first. Its clock is ours: the
 * start of the update (5.1) is a field of its trusted set, which its types keep to themselves.
 */
import { type Fetcher, Updater } from "tuf-js";
import {
  BYTES_MAX,
  demandAllGood,
  type MetadataFile,
  ROLES,
  type Role,
  readMetadata,
  signersOf,
} from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import type { MetadataSource } from "./catalogue.js";
import type { RootChain } from "./root-chain.js";

/** Never asked for: every request ends in our fetcher. */
const BASE_URL = "https://catalogue.invalid/";
const FILE_URL = /^https:\/\/catalogue\.invalid\/(?:(\d{1,16})\.)?([a-z]+)\.json$/;

/** What a workflow works with. */
export interface Workflow {
  readonly source: MetadataSource;
  readonly chain: RootChain;
  /** `undefined`: nothing counts as expired. */
  readonly nowMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Runs over the files in `folder`. @throws what a file was refused for */
export async function runWorkflow(folder: string, workflow: Workflow): Promise<void> {
  const { chain, nowMs } = workflow;
  const { fetcher, cause } = createFetcher(workflow);
  try {
    const updater = new Updater({
      metadataDir: folder,
      metadataBaseUrl: BASE_URL,
      fetcher,
      config: {
        maxRootRotations: chain.roots.size + (chain.fault === undefined ? 0 : 1),
        maxDelegations: 0,
        rootMaxLength: BYTES_MAX.root,
        timestampMaxLength: BYTES_MAX.timestamp,
        snapshotMaxLength: BYTES_MAX.snapshot,
        targetsMaxLength: BYTES_MAX.targets,
      },
    });
    setReferenceTime(updater, nowMs ?? 0);
    await updater.refresh();
  } catch (error) {
    // The library wraps what a fetcher threw into text.
    throw cause() ?? toRefusal(error);
  }
}

function createFetcher({ source, chain, signal }: Workflow) {
  let fault: unknown;
  const read = async (url: string, bytesMax: number): Promise<Buffer> => {
    const [, version, name] = FILE_URL.exec(url) ?? [];
    const role = ROLES.find((one) => one === name);
    if (role === undefined) throw new HeatpoolError("CATALOGUE_REFUSED", `a file called ${url}`);
    if (role === "root") return readRoot(chain, Number(version));
    const most = Math.min(bytesMax, BYTES_MAX[role]);
    const wanted = version === undefined ? undefined : Number(version);
    const bytes = await source.fetch(role, wanted, most, signal);
    if (bytes === undefined) {
      throw new HeatpoolError("UNAVAILABLE", `${role}: version ${version ?? "newest"} is missing`);
    }
    if (bytes.length > most) {
      throw new HeatpoolError("CATALOGUE_REFUSED", `${role}: more than ${most} bytes`);
    }
    return checked(role, bytes, chain.newest).bytes;
  };
  const fetcher: Fetcher = {
    downloadBytes: (url, bytesMax) =>
      read(url, bytesMax).catch((error: unknown) => {
        fault = error;
        throw error;
      }),
    downloadFile: async () => {
      throw new HeatpoolError("CATALOGUE_REFUSED", "models are not fetched by the catalogue");
    },
  };
  return { fetcher, cause: () => fault };
}

function readRoot(chain: RootChain, version: number): Buffer {
  const bytes = chain.roots.get(version);
  if (bytes !== undefined) return bytes;
  throw chain.fault ?? new HeatpoolError("UNAVAILABLE", `root: version ${version} is missing`);
}

/** Its form, and that every signature is good: what nobody looks at could be changed unseen. */
function checked(role: Role, bytes: Uint8Array, root: MetadataFile<"root">): MetadataFile<Role> {
  const file = readMetadata(role, bytes);
  demandAllGood(file, [signersOf(root, role)]);
  return file;
}

function setReferenceTime(updater: Updater, atMs: number): void {
  const inner = updater as unknown as { trustedSet?: { referenceTime?: unknown } };
  if (!(inner.trustedSet?.referenceTime instanceof Date)) {
    throw new TypeError("tuf-js keeps its reference time elsewhere");
  }
  inner.trustedSet.referenceTime = new Date(atMs);
}

function toRefusal(error: unknown): unknown {
  if (error instanceof HeatpoolError || !(error instanceof Error)) return error;
  return new HeatpoolError("CATALOGUE_REFUSED", error.message.slice(0, 300), { cause: error });
}
