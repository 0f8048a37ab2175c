/** `heatpool-backend keys init|import|export|rotate|show`: the backend's side of the ceremony. */
import { dirname, join, resolve } from "node:path";
import type { MetadataFile } from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import { type CatalogueState, ONLINE_ROLES, type OnlineRole } from "../catalogue/catalogue.js";
import { createCatalogue } from "../catalogue/create-catalogue.js";
import { writeSynced } from "../catalogue/metadata-folder.js";
import { type OnlineKey, type OnlineKeys, openOnlineKeys } from "../catalogue/online-keys.js";
import { PUBLIC_MODE } from "../enrolment/new-file.js";
import { makeStoreKey } from "../host/store-key.js";
import { day, readDraft, tell } from "./keys-workstation.js";
import { loadConfig, loadStoreKey, type Machine } from "./machine.js";

/** What all of them are given. */
export interface KeysOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Makes the keys that sign here. What is there already stays. */
export async function initKeys(
  machine: Machine,
  options: KeysOptions & { readonly out: string },
): Promise<void> {
  const { config, places } = loadConfig(options.config);
  const storeKeyMade = await makeStoreKey(places.storeKeyFile, machine.chance);
  const { keys } = openHere(machine, options);
  const held = await keys.all();
  const roles: OnlineRole[] = [...ONLINE_ROLES, ...(config.catalogue.autoSign ? AUTO_SIGN : [])];
  const all: OnlineKey[] = [];
  for (const role of roles) {
    all.push(held.find((key) => key.role === role) ?? (await keys.make(role)));
  }
  await writePublic(options.out, all);
  const facts = { storeKeyFile: places.storeKeyFile, storeKeyMade, publicFile: options.out };
  tell(machine, options, { ...facts, keys: all.map(toFacts) }, [
    `${storeKeyMade ? "Made" : "Kept"} the store key ${places.storeKeyFile}: copy it to a safe place.`,
    ...all.map(({ role, keyId }) => `  ${role.padEnd(9)}  ${keyId.slice(0, 12)}`),
    ...(config.catalogue.autoSign ? [AUTO_SIGN_WORDS] : []),
    `Carry ${options.out} to the workstation: \`keys root --public ${options.out} …\``,
  ]);
}

/** Publishes what the workstation signed. @throws HeatpoolError `CATALOGUE_REFUSED` */
export async function importSigned(
  machine: Machine,
  paths: readonly string[],
  options: KeysOptions,
): Promise<void> {
  const { catalogue } = openHere(machine, options);
  const files = await Promise.all(paths.map(readDraft));
  const wrong = files.find(({ role }) => role !== "root" && role !== "targets");
  const targets = files.filter(({ role }) => role === "targets");
  if (wrong !== undefined || targets.length > 1) {
    throw new HeatpoolError("INVALID_ARGUMENT", "roots and at most one targets are imported");
  }
  const roots = files.filter(({ role }) => role === "root") as MetadataFile<"root">[];
  const imported = await catalogue.import(roots, targets[0] as MetadataFile<"targets"> | undefined);
  tell(machine, options, imported, [
    `Published root ${imported.root ?? "-"}, targets ${imported.targets ?? "-"}, ` +
      `snapshot ${imported.snapshot ?? "-"}, timestamp ${imported.timestamp ?? "-"}.`,
    ...imported.keysForgotten.map((id) => `Removed the key ${id.slice(0, 12)}: no root lists it.`),
    ...(imported.targets === undefined
      ? ["Models are offered once targets are signed: `keys sign-targets` on the workstation."]
      : []),
  ]);
}

/** Writes what the workstation needs for the next signature. */
export async function exportForSigning(
  machine: Machine,
  options: KeysOptions & { readonly out: string },
): Promise<void> {
  const { catalogue } = openHere(machine, options);
  const folder = resolve(options.out);
  const written: string[] = [];
  for (const role of ["root", "targets"] as const) {
    const file = await catalogue.newest(role);
    if (file === undefined) continue;
    await writeSynced(folder, join(folder, `${role}.json`), file.bytes, PUBLIC_MODE);
    written.push(`${role}.json`);
  }
  const { proposed } = await catalogue.state();
  const text = `${JSON.stringify(proposed, undefined, 2)}\n`;
  await writeSynced(folder, join(folder, "proposed.json"), Buffer.from(text), PUBLIC_MODE);
  written.push("proposed.json");
  tell(machine, options, { folder, files: written, proposed }, [
    `Wrote ${written.join(", ")} to ${folder}.`,
    ...proposed.map(({ path, sha256 }) => `  waits  ${path}  sha256 ${sha256}`),
  ]);
}

/** Makes a second key of a role; it signs once a root lists it. */
export async function rotateKey(
  machine: Machine,
  role: string,
  options: KeysOptions & { readonly out: string },
): Promise<void> {
  const wanted = ([...ONLINE_ROLES, "targets"] as const).find((one) => one === role);
  const { keys, catalogue, autoSign } = openHere(machine, options);
  if (wanted === undefined || (wanted === "targets" && !autoSign)) {
    throw new HeatpoolError("USAGE", `${role} is not signed here`, {
      hint: "Here: snapshot, timestamp, director. Others: `keys add` on the workstation.",
    });
  }
  const { roles, directorKeyIds } = await catalogue.state();
  const old = wanted === "director" ? directorKeyIds : (roles[wanted]?.keyIds ?? []);
  const made = await keys.make(wanted);
  await writePublic(options.out, [made]).catch(async (fault: unknown) => {
    // Nobody was told of it; each further try would leave another.
    await keys.forget(made);
    throw fault;
  });
  const removes = old.map((id) => ` --remove ${id}`).join("");
  tell(machine, options, { ...toFacts(made), publicFile: options.out, replaces: old }, [
    `Made a new ${role} key, ${made.keyId.slice(0, 12)}. The old one signs until a root drops it.`,
    `On the workstation: keys root --from root.json --public ${options.out}${removes}`,
  ]);
}

/** Versions, dates and keys. */
export async function showKeys(machine: Machine, options: KeysOptions): Promise<void> {
  const state = await openHere(machine, options).catalogue.state();
  tell(machine, options, state, describeState(state));
}

const AUTO_SIGN: readonly OnlineRole[] = ["targets"];
const AUTO_SIGN_WORDS =
  "catalogue.autoSign is on: who holds this backend can publish any model to every daemon.";

function openHere(machine: Machine, options: KeysOptions) {
  const { config, places } = loadConfig(options.config);
  const storeKey = loadStoreKey(places, machine);
  const folder = places.catalogueDir;
  const keys: OnlineKeys = openOnlineKeys(join(folder, "keys"), storeKey, machine.chance);
  const { autoSign } = config.catalogue;
  const catalogue = createCatalogue({ folder, keys, clock: machine.clock, autoSign });
  return { keys, catalogue, autoSign };
}

async function writePublic(path: string, keys: readonly OnlineKey[]): Promise<void> {
  const entries = keys.map(({ role, keyId, publicKey }) => ({
    role,
    keyid: keyId,
    key: publicKey,
  }));
  const whole = resolve(path);
  const text = `${JSON.stringify(entries, undefined, 2)}\n`;
  await writeSynced(dirname(whole), whole, Buffer.from(text), PUBLIC_MODE);
}

function toFacts({ role, keyId }: OnlineKey) {
  return { role, keyId };
}

function describeState(state: CatalogueState): string[] {
  const { roles, directorKeyIds, pendingKeyIds, releases, proposed, warnings } = state;
  const short = (ids: readonly string[]) => ids.map((id) => id.slice(0, 12)).join(" ");
  return [
    ...Object.entries(roles).map(
      ([role, { version, expiresAtMs, keyIds, threshold }]) =>
        `${role.padEnd(9)}  version ${version}, until ${day(expiresAtMs)}, ` +
        `${threshold} of ${keyIds.length}: ${short(keyIds)}`,
    ),
    `director   ${short(directorKeyIds) || "none is listed yet"}`,
    ...(pendingKeyIds.length > 0 ? [`pending    ${short(pendingKeyIds)}: in no root yet`] : []),
    `releases   ${releases.length} listed, ${releases.filter(({ revoked }) => revoked).length} of them revoked`,
    ...proposed.map(({ path }) => `waits      ${path}`),
    ...warnings.map((warning) => `warning    ${warning}`),
  ];
}
