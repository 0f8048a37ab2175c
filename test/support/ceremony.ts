/** A pool whose keys were made by the operator's commands, and a daemon that watches it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Catalogue, MetadataSource } from "../../daemon/catalogue/catalogue.js";
import { openCatalogue } from "../../daemon/catalogue/create-catalogue.js";
import { createEffectiveTime } from "../../daemon/catalogue/effective-time.js";
import { createMemoryMetadataStore } from "../../daemon/catalogue/memory-metadata-store.js";
import { writeBackendConfig } from "./backend-process.js";
import { type BackendProgram, createBackendProgram } from "./backend-program.js";

/** Folders and files of a ceremony. */
export interface Ceremony extends BackendProgram {
  readonly config: string;
  /** Where the backend keeps the catalogue. */
  readonly catalogueDir: string;
  /** In the ceremony's folder. */
  at(name: string): string;
  /** Makes a root or targets key. */
  add(role: string, name: string): Promise<string>;
  /** Signs the next root and imports it, with targets when they are named. */
  nextRoot(changes: readonly string[], by: readonly string[], also?: string): Promise<void>;
  /** Signs the next targets. */
  nextTargets(key: string, more?: readonly string[]): Promise<string>;
  /** A daemon that trusts the first root. */
  daemon(): Promise<Catalogue>;
}

/** Keys of all roles and a first, empty list of models, published. */
export async function holdCeremony(folder: string, more = "", startMs?: number): Promise<Ceremony> {
  const program = createBackendProgram(startMs);
  const config = writeBackendConfig(folder, more);
  const at = (name: string) => join(folder, name);
  const { run, ask } = program;
  const catalogueDir = at("state/catalogue");
  const ceremony: Ceremony = {
    ...program,
    config,
    catalogueDir,
    at,
    async add(role, name) {
      await run("keys", "add", role, "--dir", folder, "--name", name, "--plain");
      return at(`${name}.pub`);
    },
    async nextRoot(changes, by, also) {
      await run("keys", "export", "-c", config, "--out", at("carry"));
      const [from, out] = [at("carry/root.json"), at("carry/next.root.json")];
      await run("keys", "root", "--from", from, ...changes, "--out", out);
      for (const name of by) {
        await run("keys", "sign", out, "--root", from, "--key", at(`${name}.key`));
      }
      await run("keys", "import", "-c", config, out, ...(also === undefined ? [] : [also]));
    },
    async nextTargets(key, changes = []) {
      await run("keys", "export", "-c", config, "--out", at("carry"));
      const [root, from] = [at("carry/root.json"), at("carry/targets.json")];
      const out = at("carry/next.targets.json");
      const what = ["--root", root, "--from", from, "--key", at(`${key}.key`), "--out", out];
      await run("keys", "sign-targets", ...what, ...changes);
      return out;
    },
    daemon: () => openDaemon(catalogueDir, at("daemon"), program),
  };
  const { publicFile } = await ask("keys", "init", "-c", config, "--out", at("online.pub"));
  const names = ["root-1", "root-2", "root-3"];
  const roots = [];
  for (const name of names) roots.push(await ceremony.add("root", name));
  const targets = await ceremony.add("targets", "targets-1");
  const [rootFile, targetsFile] = [at("1.root.json"), at("1.targets.json")];
  await run("keys", "root", "--public", ...roots, targets, publicFile, "--out", rootFile);
  for (const name of names.slice(0, 2)) {
    await run("keys", "sign", rootFile, "--key", at(`${name}.key`));
  }
  const key = at("targets-1.key");
  await run("keys", "sign-targets", "--root", rootFile, "--key", key, "--out", targetsFile);
  await run("keys", "import", "-c", config, rootFile, targetsFile);
  return ceremony;
}

/** Files as the backend's folder has them. */
export function folderSource(catalogueDir: string): MetadataSource {
  const folder = join(catalogueDir, "metadata");
  return {
    async fetch(role, version) {
      const name = version === undefined ? `${role}.json` : `${version}.${role}.json`;
      return readdirSync(folder).includes(name) ? readFileSync(join(folder, name)) : undefined;
    },
  };
}

async function openDaemon(
  catalogueDir: string,
  folder: string,
  { clock }: BackendProgram,
): Promise<Catalogue> {
  return await openCatalogue({
    store: createMemoryMetadataStore(),
    source: folderSource(catalogueDir),
    time: createEffectiveTime(clock, 0),
    pinnedRoot: readFileSync(join(catalogueDir, "metadata/1.root.json")),
    folder,
  });
}
