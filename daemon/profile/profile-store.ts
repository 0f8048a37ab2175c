/**
 * Profiles on disk: the owner's folders first, then those that came with the program.
 *
 * `idm/navigator-2.0` is the file `idm/navigator-2.0.yaml` in one of the folders and nothing else:
 * no name leads out of them, neither by dots nor by a link. A profile in an earlier folder hides
 * one of the same name in a later one, so a correction needs no release.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { HeatpoolError } from "#core/errors.js";
import { PROFILE_CHARACTERS_MAX } from "#core/profile/compile-profile.js";
import type { AnyProfile } from "#core/profile/mqtt-profile.js";
import { parseAnyProfile } from "#core/profile/parse-profile.js";
import { isTemplate } from "#core/profile/template.js";

/** Where the owner may put profiles. */
export const OWN_PROFILES = "/etc/heatpool/profiles";

/** A profile that is there; whether it is valid shows when it is loaded. */
interface ProfileEntry {
  readonly name: string;
  readonly file: string;
  /** A template: it has no addresses yet. */
  readonly needsAssignment: boolean;
}

/** Finds and loads profiles. */
export interface ProfileStore {
  /** All profiles, by name; of equal names the one that counts. */
  list(): readonly ProfileEntry[];
  /** @throws HeatpoolError `PROFILE_UNKNOWN` there is none of that name */
  fileOf(name: string): string;
  /**
   * @throws HeatpoolError `PROFILE_UNKNOWN` there is none of that name · `PROFILE_INVALID` with
   *   every fault and its line
   */
  load(name: string): AnyProfile;
}

/** Brand and model; a part of dots alone would be a way out. */
export const PROFILE_NAME = /^[a-z0-9][a-z0-9.-]{0,63}\/[a-z0-9][a-z0-9.-]{0,63}$/;
const SUFFIX = ".yaml";
/** More names in a hint help nobody. */
const NAMES_SHOWN_MAX = 12;

/** @param folders the owner's first; one that is not there is empty */
export function createProfileStore(folders: readonly string[]): ProfileStore {
  const list = (): readonly ProfileEntry[] => {
    const entries = new Map<string, ProfileEntry>();
    for (const entry of folders.flatMap(entriesOf)) {
      if (!entries.has(entry.name)) entries.set(entry.name, entry);
    }
    return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const fileOf = (name: string): string => {
    const file = PROFILE_NAME.test(name) ? findFile(folders, name) : undefined;
    if (file === undefined) throw unknown(name, list());
    return file;
  };
  return {
    list,
    fileOf,
    load(name) {
      const file = fileOf(name);
      const profile = loadProfileFile(file);
      if (profile.name === name) return profile;
      throw new HeatpoolError("PROFILE_INVALID", `${file} says that it is ${profile.name}`, {
        hint: "The name in a profile and the name of its file must be the same.",
      });
    },
  };
}

/**
 * Reads one file, wherever it is.
 *
 * @throws HeatpoolError `PROFILE_UNKNOWN` it cannot be read · `PROFILE_INVALID` with every fault
 */
export function loadProfileFile(file: string): AnyProfile {
  const text = readProfileText(file);
  if (!isTemplate(text)) return parseAnyProfile(text, file);
  throw new HeatpoolError("PROFILE_INVALID", `${file} is a template without addresses`, {
    hint: "Its gateway's installer assigned them: heatpool profile assign <name> --points <list.csv> --out <file>",
  });
}

/** The folder `firmware-profiles` of this program, whether it runs from sources or from `dist`. */
export function packagedProfiles(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "firmware-profiles")) && folder !== dirname(folder)) {
    folder = dirname(folder);
  }
  return join(folder, "firmware-profiles");
}

/**
 * The text of a profile's file.
 *
 * @throws HeatpoolError `PROFILE_UNKNOWN` it cannot be read · `PROFILE_INVALID` it is far too long
 */
export function readProfileText(file: string): string {
  try {
    const { size } = statSync(file);
    // A character has at most 4 bytes; beyond that no text can be short enough.
    if (size <= 4 * PROFILE_CHARACTERS_MAX) return readFileSync(file, "utf8");
    throw new HeatpoolError("PROFILE_INVALID", `${file}: ${size} bytes are no profile`);
  } catch (cause) {
    if (cause instanceof HeatpoolError) throw cause;
    throw new HeatpoolError("PROFILE_UNKNOWN", `${file} cannot be read`, { cause });
  }
}

function findFile(folders: readonly string[], name: string): string | undefined {
  for (const folder of folders) {
    const file = join(folder, `${name}${SUFFIX}`);
    if (!existsSync(file)) continue;
    const inside = `${realpathSync(folder)}${sep}`;
    if (statSync(file).isFile() && realpathSync(file).startsWith(inside)) return file;
  }
  return undefined;
}

function entriesOf(folder: string): readonly ProfileEntry[] {
  return subfolders(folder).flatMap((brand) =>
    readdirSync(join(folder, brand))
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => ({
        name: `${brand}/${file.slice(0, -SUFFIX.length)}`,
        file: join(folder, brand, file),
      }))
      .filter(({ name }) => PROFILE_NAME.test(name) && findFile([folder], name) !== undefined)
      .map((entry) => ({ ...entry, needsAssignment: isTemplateFile(entry.file) })),
  );
}

function isTemplateFile(file: string): boolean {
  return statSync(file).size <= 4 * PROFILE_CHARACTERS_MAX && isTemplate(readProfileText(file));
}

function subfolders(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function unknown(name: string, entries: readonly ProfileEntry[]): HeatpoolError {
  const [brand = ""] = name.split("/");
  const near = entries.filter((entry) => entry.name.startsWith(`${brand}/`));
  const shown = (near.length > 0 ? near : entries).slice(0, NAMES_SHOWN_MAX);
  const names = shown.map((entry) => entry.name).join(", ") || "none";
  return new HeatpoolError("PROFILE_UNKNOWN", `there is no profile ${JSON.stringify(name)}`, {
    hint: `Profiles that are there: ${names}.`,
  });
}
