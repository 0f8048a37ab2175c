/**
 * `heatpool profile probe`: which profile fits a device, and what it shows with it. Asks one
 * address that the person names; reads slowly and writes nothing.
 */
import type { Command } from "commander";
import { HeatpoolError } from "#core/errors.js";
import { decodeRegister, decodeText } from "#core/profile/decode.js";
import { guessOrder, type OrderGuess } from "#core/profile/order-guess.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import type { Survey } from "../poll/survey.js";
import { chooseLanguage } from "./language.js";
import {
  type JsonOption,
  loadNamed,
  type ProfileCommandDeps,
  toJsonText,
  toTable,
} from "./profile-deps.js";
import { stopIfEnding, type VisitOptions, visit, withVisitOptions } from "./profile-visit.js";

interface ProbeOptions extends JsonOption, VisitOptions {
  readonly language: string;
}

/** What became of one profile. */
interface Probed {
  readonly profile: string;
  /** `unproven`: nothing in the profile could tell another device apart. */
  readonly verdict: "fits" | "unproven" | "differs" | "silent";
  readonly reason: string;
  readonly firmware: string;
}

/** One line to compare with the display. */
interface Row {
  readonly register: string;
  readonly place: string;
  readonly label: string;
  readonly value: string;
  readonly unit: string;
}

/** A table of one profile. */
interface Shown {
  readonly profile: string;
  readonly plausible: number;
  readonly answered: number;
  readonly wanted: number;
  readonly rows: readonly Row[];
  readonly refused: readonly string[];
  readonly unknown: readonly string[];
  readonly order: OrderGuess | undefined;
}

/** A device is left alone this long between two profiles. */
const REST_MS = 500;
/** More full readings would keep the device busy for nothing. */
const SURVEYS_MAX = 3;
/** A device that answered none of so many profiles will not answer the next one. */
const SILENT_MAX = 3;

export function addProbe(profile: Command, deps: ProfileCommandDeps): void {
  const command = profile
    .command("probe")
    .description("read a device without configuration: which profile fits, and what it shows")
    .argument("[profile...]", "names or YAML files; all that came with the program unless told")
    .requiredOption("--host <address>", "the device; nothing else is looked for");
  withVisitOptions(command)
    .option("--language <de|en>", "of the labels", "en")
    .option("--json", "as JSON")
    .action((names: string[], options: ProbeOptions) => probe(deps, names, options));
}

async function probe(
  deps: ProfileCommandDeps,
  names: readonly string[],
  options: ProbeOptions,
): Promise<void> {
  chooseLanguage(options.language);
  const profiles = candidates(deps, names);
  const probed: Probed[] = [];
  for (const profile of profiles) {
    stopIfEnding(deps.ending);
    deps.note(`asking whether it is a ${profile.name}`);
    const found = await tryProfile(deps, profile, options);
    probed.push(found);
    const isSilent = probed.every((one) => one.verdict === "silent");
    if (isSilent && probed.length >= SILENT_MAX) break;
    await deps.clock.sleep(REST_MS, deps.ending);
  }
  const shown = await showFitting(deps, profiles, probed, options);
  const [best] = shown;
  if (options.json === true) deps.write(toJsonText({ probed, best: best?.profile, shown }));
  else deps.write(toText(probed, shown));
  if (best === undefined) {
    deps.setExitStatus(new HeatpoolError("PROFILE_MISMATCH", "").exitStatus);
  }
}

/** Profiles to try; unsound ones and those of other transports are told and left out. */
function candidates(deps: ProfileCommandDeps, names: readonly string[]): readonly Profile[] {
  if (names.length > 0) return names.map((name) => loadNamed(deps.store, name));
  const ready = deps.store.list().filter((one) => !one.needsAssignment);
  return ready.flatMap(({ name }) => {
    try {
      return [loadNamed(deps.store, name)];
    } catch (error) {
      if (!(error instanceof HeatpoolError)) throw error;
      deps.note(`${name} is left out: ${error.message.split("\n")[0]}`);
      return [];
    }
  });
}

async function tryProfile(
  deps: ProfileCommandDeps,
  profile: Profile,
  options: ProbeOptions,
): Promise<Probed> {
  const { name } = profile;
  try {
    const firmware = await visit(deps, profile, options, (device) => device.identify());
    if (profile.identification.length > 0) {
      const reason = profile.identification.map((rule) => rule.meaning).join("; ");
      return { profile: name, verdict: "fits", reason, firmware };
    }
    const reason = "nothing in the profile tells other devices apart";
    return { profile: name, verdict: "unproven", reason, firmware };
  } catch (error) {
    // What was typed wrong says nothing about the device.
    if (!(error instanceof HeatpoolError) || error.code === "USAGE") throw error;
    const differs = error.code === "PROFILE_MISMATCH" || error.code === "DEVICE_REFUSED";
    const verdict = differs ? "differs" : "silent";
    return { profile: name, verdict, reason: error.message, firmware: "" };
  }
}

/** Full readings of what fits, or of what may, best first. */
async function showFitting(
  deps: ProfileCommandDeps,
  profiles: readonly Profile[],
  probed: readonly Probed[],
  options: ProbeOptions,
): Promise<readonly Shown[]> {
  const fitting = probed.filter((one) => one.verdict === "fits");
  const worth = fitting.length > 0 ? fitting : probed.filter((one) => one.verdict === "unproven");
  const shown: Shown[] = [];
  for (const { profile: name, firmware } of worth.slice(0, SURVEYS_MAX)) {
    const profile = profiles.find((one) => one.name === name);
    if (profile === undefined) continue;
    stopIfEnding(deps.ending);
    await deps.clock.sleep(REST_MS, deps.ending);
    const found = await visit(deps, profile, options, (device) => device.survey(firmware));
    shown.push(toShown(profile, found, options.language));
  }
  return shown
    .filter((one) => one.answered > 0)
    .sort((a, b) => b.plausible / b.wanted - a.plausible / a.wanted || b.plausible - a.plausible);
}

function toShown(profile: Profile, found: Survey, language: string): Shown {
  const read = found.wanted.filter((one) => found.words.has(one.id));
  const rows = read.map((one) => toRow(one, found.words.get(one.id) ?? [], language));
  const sound = read.filter(
    (one) => decodeRegister(found.words.get(one.id) ?? [], one).quality !== "implausible",
  );
  return {
    profile: profile.name,
    plausible: sound.length,
    answered: read.length,
    wanted: found.wanted.length,
    rows,
    refused: found.refused.map(({ register, code }) => `${placeOf(register)} (exception ${code})`),
    unknown: found.unknown.map(placeOf),
    order: guessOrder(read, found.words),
  };
}

function toRow(register: ProfileRegister, words: readonly number[], language: string): Row {
  const { value, quality } = decodeRegister(words, register);
  const text = decodeText(words, register);
  const code = value === undefined || register.isFlags ? undefined : register.codes.get(value);
  const name = language === "de" ? "de" : "en";
  const shownValue = text ?? (value === undefined ? quality : String(value));
  return {
    register: register.id,
    place: placeOf(register),
    label: register.label[name],
    value: code === undefined ? shownValue : `${shownValue} ${code[name]}`,
    unit: value === undefined ? "" : register.unit,
  };
}

function placeOf({ unitId, manualSpace, address }: ProfileRegister): string {
  return `${unitId === 1 ? "" : `@${unitId} `}${manualSpace} ${address}`;
}

function toText(probed: readonly Probed[], shown: readonly Shown[]): string {
  const [best] = shown;
  const verdicts = toTable(probed.map((one) => [one.profile, one.verdict, one.reason]));
  if (best === undefined) return `${verdicts}no profile fits\n`;
  const { refused, unknown, order } = best;
  const rows = best.rows.map((one) => [one.label, one.value, one.unit, one.place]);
  const lines = [
    "",
    ...shown.map(
      ({ profile, plausible, answered, wanted }) =>
        `${profile}: ${answered} of ${wanted} registers answered, ${plausible} plausible`,
    ),
    ...(refused.length > 0 ? [`refused: ${refused.join(", ")}`] : []),
    ...(unknown.length > 0 ? [`not answered: ${unknown.join(", ")}`] : []),
    ...(order === undefined ? [] : [describeGuess(order)]),
    "Compare with the display of the heat pump before you trust it.",
  ];
  return `${verdicts}\n${toTable([["label", "value", "unit", "place"], ...rows])}${lines.join("\n")}\n`;
}

function describeGuess(guess: OrderGuess): string {
  return (
    `order: ${guess.sensibleAsGuessed} of ${guess.values} values of two words make sense with ` +
    `wordOrder ${guess.wordOrder} and byteOrder ${guess.byteOrder}, ${guess.sensibleAsStated} as the profile has it`
  );
}
