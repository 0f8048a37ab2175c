/** `heatpool profile test`: what a profile promises about words, checked without a device. */
import { join } from "node:path";
import type { Command } from "commander";
import { HeatpoolError } from "#core/errors.js";
import { checkRecording } from "#core/profile/check-recording.js";
import { isMqttProfile } from "#core/profile/mqtt-profile.js";
import { checkAnyProfile } from "#core/profile/parse-profile.js";
import { readProfileText } from "../profile/profile-store.js";
import { hasRecording, readRecording } from "../profile/recording-folder.js";
import { isFile, type JsonOption, type ProfileCommandDeps, toJsonText } from "./profile-deps.js";

interface TestOptions extends JsonOption {
  readonly recordings?: string;
}

/** What became of one profile. */
interface Tested {
  readonly profile: string;
  readonly isRight: boolean;
  readonly vectors: number;
  /** Registers of the recording; 0 where there is none. */
  readonly recorded: number;
  readonly faults: readonly string[];
}

export function addTest(profile: Command, deps: ProfileCommandDeps): void {
  profile
    .command("test")
    .description("check vectors and recordings of profiles; ends with 78 when one is wrong")
    .argument("<profile...>", "names of profiles, or YAML files")
    .option("--recordings <folder>", "where <brand>/<model>/registers.json are")
    .option("--json", "as JSON")
    .action((names: string[], options: TestOptions) => test(deps, names, options));
}

function test(deps: ProfileCommandDeps, names: readonly string[], options: TestOptions): void {
  // In a copy of the repository recordings lie beside the tests; the package has none.
  const folder = options.recordings ?? join(deps.packaged, "../test/profiles");
  const results = names.map((name) => testOne(deps, name, folder));
  if (options.json === true) deps.write(toJsonText(results));
  else for (const one of results) deps.write(toText(one));
  if (results.some((one) => !one.isRight)) {
    deps.setExitStatus(new HeatpoolError("PROFILE_INVALID", "").exitStatus);
  }
}

function testOne({ store }: ProfileCommandDeps, name: string, recordings: string): Tested {
  try {
    const file = isFile(name) ? name : store.fileOf(name);
    const { profile, vectors } = checkAnyProfile(readProfileText(file), file);
    if (isMqttProfile(profile)) {
      return { profile: profile.name, isRight: true, vectors, recorded: 0, faults: [] };
    }
    const folder = join(recordings, profile.name);
    const files = hasRecording(folder) ? readRecording(folder) : undefined;
    const faults = files ? checkRecording(profile, files.recording, files.expected) : [];
    const recorded = files?.recording.registers.length ?? 0;
    return { profile: profile.name, isRight: faults.length === 0, vectors, recorded, faults };
  } catch (error) {
    if (!(error instanceof HeatpoolError)) throw error;
    const faults = [error.message, ...(error.hint === undefined ? [] : [error.hint])];
    return { profile: name, isRight: false, vectors: 0, recorded: 0, faults };
  }
}

function toText({ profile, isRight, vectors, recorded, faults }: Tested): string {
  const recording = recorded === 0 ? "no recording" : `${recorded} recorded registers`;
  const head = isRight ? `right, ${vectors} vectors, ${recording}` : "wrong";
  return [`${profile}: ${head}`, ...faults.map((fault) => `  ${fault}`)]
    .map((line) => `${line}\n`)
    .join("");
}
