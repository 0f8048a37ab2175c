/** The profiles that come with the program, found and not listed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isTemplate } from "#core/profile/template.js";

/** Where they are. */
export const PROFILES_FOLDER = join(import.meta.dirname, "../../firmware-profiles");

/** A file of the folder. */
export interface PackagedProfile {
  /** `idm/navigator-2.0` */
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/** Profiles of devices that are read by registers, by name. */
export function modbusProfiles(): readonly PackagedProfile[] {
  return readdirSync(PROFILES_FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: brand }) =>
      readdirSync(join(PROFILES_FOLDER, brand))
        .filter((file) => file.endsWith(".yaml"))
        .map((file) => toProfile(`${brand}/${file.slice(0, -".yaml".length)}`)),
    )
    .filter(({ text }) => /^registers:/m.test(text) && !isTemplate(text))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toProfile(name: string): PackagedProfile {
  const file = join(PROFILES_FOLDER, `${name}.yaml`);
  return { name, file, text: readFileSync(file, "utf8") };
}
