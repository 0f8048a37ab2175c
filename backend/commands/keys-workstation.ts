/**
 * `heatpool-backend keys add|root|sign|merge|sign-targets`: the part of the ceremony that happens
 * on a workstation. Needs files only: no configuration, no backend, no network.
 */
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type MetadataFile, type Role, readMetadata } from "#core/catalogue/metadata.js";
import { toReleases } from "#core/catalogue/release.js";
import { HeatpoolError } from "#core/errors.js";
import type { KeyRole } from "../catalogue/catalogue.js";
import {
  draftRoot,
  draftTargets,
  mergeDrafts,
  type Progress,
  progressOf,
  signDraft,
} from "../catalogue/drafts.js";
import {
  makeKeyFiles,
  openKeyFile,
  PASSPHRASE_LENGTH_MIN,
  readPublicEntries,
} from "../catalogue/key-file.js";
import { writeSynced } from "../catalogue/metadata-folder.js";
import { parseProposals } from "../catalogue/proposals.js";
import { PUBLIC_MODE, SECRET_MODE, writeNewFile } from "../enrolment/new-file.js";
import type { Machine } from "./machine.js";

const DAY_MS = 86_400_000;

interface JsonOption {
  readonly json?: boolean;
}

/** What `keys add` was given. */
export interface AddOptions extends JsonOption {
  readonly dir: string;
  readonly name: string;
  readonly passphraseFile?: string;
  readonly plain?: boolean;
}

/** @throws HeatpoolError `USAGE` neither passphrase nor --plain · `STATE_INVALID` it is there */
export async function addKey(machine: Machine, role: string, options: AddOptions): Promise<void> {
  const wanted = toOfflineRole(role);
  if ((options.passphraseFile === undefined) === (options.plain !== true)) {
    throw new HeatpoolError("USAGE", "give either --passphrase-file or --plain", {
      hint: "--plain writes the key unwrapped, for a medium that is locked away.",
    });
  }
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(options.name)) {
    throw new HeatpoolError("USAGE", `--name ${options.name} is no name for a file`);
  }
  const passphrase = await readPassphrase(options.passphraseFile);
  const made = makeKeyFiles(wanted, passphrase, machine.chance);
  const privateFile = resolve(options.dir, `${options.name}.key`);
  const publicFile = resolve(options.dir, `${options.name}.pub`);
  await writeNewFile(privateFile, made.privateText, SECRET_MODE);
  await writeNewFile(publicFile, made.publicText, PUBLIC_MODE);
  tell(machine, options, { role, keyId: made.entry.keyid, privateFile, publicFile }, [
    `Made a ${role} key, ${made.entry.keyid.slice(0, 12)}.`,
    `  ${privateFile}  stays here, with a copy in a safe place`,
    `  ${publicFile}  goes to \`keys root --public\``,
  ]);
}

/** What `keys root` was given. */
export interface RootOptions extends JsonOption {
  readonly from?: string;
  readonly public: readonly string[];
  readonly remove: readonly string[];
  readonly rootThreshold?: string;
  readonly targetsThreshold?: string;
  readonly days?: string;
  readonly out: string;
}

/** @throws HeatpoolError `INVALID_ARGUMENT`, `CATALOGUE_REFUSED` what no daemon would accept */
export async function makeRootDraft(machine: Machine, options: RootOptions): Promise<void> {
  const current = await readOptional("root", options.from);
  const add = (await Promise.all(options.public.map(readPublicEntries))).flat();
  const nowMs = machine.clock.nowMs();
  const { rootThreshold, targetsThreshold, days } = options;
  const thresholds = {
    ...(rootThreshold === undefined ? {} : { root: toCount(rootThreshold) }),
    ...(targetsThreshold === undefined ? {} : { targets: toCount(targetsThreshold) }),
  };
  const life = days === undefined ? {} : { expiresAtMs: nowMs + toCount(days) * DAY_MS };
  const changes = { add, remove: options.remove, thresholds, ...life };
  const draft = draftRoot(current, changes, nowMs);
  await writeOut(options.out, draft);
  const progress = progressOf(draft, current);
  tell(machine, options, { file: resolve(options.out), version: draft.version, progress }, [
    `Root ${draft.version}, good until ${day(draft.expiresAtMs)}, waits for signatures:`,
    ...progress.map(describeProgress),
    `Now: heatpool-backend keys sign ${options.out} --key <root key>`,
  ]);
}

/** What `keys sign` was given. */
export interface SignOptions extends JsonOption {
  readonly key: string;
  readonly passphraseFile?: string;
  /** The root before, for a root; the root that counts, for targets. */
  readonly root?: string;
}

/** Adds a signature to a draft, in place. @throws HeatpoolError `INVALID_ARGUMENT` a wrong key */
export async function signFile(
  machine: Machine,
  path: string,
  options: SignOptions,
): Promise<void> {
  const draft = await readDraft(path);
  const root = await readOptional("root", options.root);
  const key = await openKeyFile(options.key, await readPassphrase(options.passphraseFile));
  const signed = signDraft(draft, key.key, root);
  await writeOut(path, signed);
  const progress = progressOf(signed, root);
  tell(machine, options, { file: resolve(path), role: draft.role, keyId: key.keyId, progress }, [
    `Signed ${draft.role} ${draft.version} with ${key.keyId.slice(0, 12)}:`,
    ...progress.map(describeProgress),
  ]);
}

/** Brings signatures that were made on copies together. */
export async function mergeFiles(
  machine: Machine,
  paths: readonly string[],
  options: JsonOption & { readonly out: string; readonly root?: string },
): Promise<void> {
  const merged = mergeDrafts(await Promise.all(paths.map(readDraft)));
  const root = await readOptional("root", options.root);
  await writeOut(options.out, merged);
  const progress = progressOf(merged, root);
  tell(machine, options, { file: resolve(options.out), role: merged.role, progress }, [
    `Merged ${paths.length} copies of ${merged.role} ${merged.version}:`,
    ...progress.map(describeProgress),
  ]);
}

/** What `keys sign-targets` was given. */
export interface SignTargetsOptions extends SignOptions {
  readonly root: string;
  readonly from?: string;
  readonly add: readonly string[];
  readonly revoke: readonly string[];
  readonly drop: readonly string[];
  readonly days?: string;
  readonly out: string;
}

/** @throws HeatpoolError `INVALID_ARGUMENT`, `CATALOGUE_REFUSED` what no daemon would accept */
export async function signTargets(machine: Machine, options: SignTargetsOptions): Promise<void> {
  const root = await readAs("root", options.root);
  const current = await readOptional("targets", options.from);
  const lists = await Promise.all(
    options.add.map(async (path) => parseProposals(await readText(path), path)),
  );
  const nowMs = machine.clock.nowMs();
  const { days } = options;
  const life = days === undefined ? {} : { expiresAtMs: nowMs + toCount(days) * DAY_MS };
  const changes = { add: lists.flat(), revoke: options.revoke, drop: options.drop, ...life };
  const draft = draftTargets(current, changes, nowMs);
  const key = await openKeyFile(options.key, await readPassphrase(options.passphraseFile));
  const signed = signDraft(draft, key.key, root);
  await writeOut(options.out, signed);
  const progress = progressOf(signed, root);
  const { version } = signed;
  const before = new Map(
    (current === undefined ? [] : toReleases(current.signed.targets)).map((one) => [one.path, one]),
  );
  const releases = toReleases(draft.signed.targets);
  const added = releases.filter(({ path }) => !before.has(path));
  const facts = {
    file: resolve(options.out),
    version,
    added,
    revoked: options.revoke,
    dropped: options.drop,
    progress,
  };
  tell(machine, options, facts, [
    `Targets ${version}, good until ${day(signed.expiresAtMs)}, list ${releases.length} releases.`,
    ...added.map((one) => `  new      ${one.path}  sha256 ${one.sha256}`),
    ...options.revoke.map((path) => `  revoked  ${path}`),
    ...options.drop.map((path) => `  dropped  ${path}`),
    ...progress.map(describeProgress),
    `Now: heatpool-backend keys import ${options.out}, on the backend`,
  ]);
}

/** Prints for people, or as JSON. */
export function tell(
  machine: Machine,
  { json }: JsonOption,
  facts: object,
  lines: readonly string[],
): void {
  for (const line of json === true ? [JSON.stringify(facts)] : lines) machine.print(line);
}

/** A file of any role, as its own `_type` says. */
export async function readDraft(path: string): Promise<MetadataFile<Role>> {
  const text = await readText(path);
  const role = /"_type":"(root|targets|snapshot|timestamp)"/.exec(text)?.[1];
  if (role === undefined) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${path} is no metadata of a catalogue`);
  }
  return readMetadata(role as Role, Buffer.from(text, "latin1"));
}

export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function describeProgress({ by, good, threshold }: Progress): string {
  const word = good >= threshold ? "enough" : `${threshold - good} to go`;
  return `  by the keys of ${by}: ${good} of ${threshold}, ${word}`;
}

function toOfflineRole(role: string): KeyRole {
  if (role === "root" || role === "targets") return role;
  throw new HeatpoolError("USAGE", `${role} keys are not made here`, {
    hint: "root and targets are; the backend makes the others with `keys init`.",
  });
}

function toCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1 && count <= 36_500) return count;
  throw new HeatpoolError("USAGE", `${text} is no count`);
}

async function readPassphrase(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const passphrase = (await readText(path)).replace(/\r?\n$/, "");
  if (passphrase.length >= PASSPHRASE_LENGTH_MIN) return passphrase;
  throw new HeatpoolError(
    "INVALID_ARGUMENT",
    `a passphrase of ${passphrase.length} characters; ${PASSPHRASE_LENGTH_MIN} at least`,
  );
}

async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HeatpoolError("NOT_FOUND", `cannot read ${path}`, { cause });
  });
}

async function readAs<R extends Role>(role: R, path: string): Promise<MetadataFile<R>> {
  return readMetadata(role, Buffer.from(await readText(path), "latin1"));
}

async function readOptional<R extends Role>(role: R, path: string | undefined) {
  return path === undefined ? undefined : await readAs(role, path);
}

async function writeOut(path: string, { bytes }: MetadataFile<Role>): Promise<void> {
  const whole = resolve(path);
  await writeSynced(dirname(whole), join(whole), bytes, PUBLIC_MODE);
}
