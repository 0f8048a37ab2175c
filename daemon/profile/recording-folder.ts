/** Recordings on disk: a folder with `registers.json` and `expected.yaml`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import {
  type Expected,
  expectedSchema,
  type Recording,
  recordingSchema,
} from "#core/profile/recording-schema.js";
import { readYaml } from "#core/schema/read-yaml.js";

const REGISTERS_FILE = "registers.json";
const EXPECTED_FILE = "expected.yaml";

/** Words and what they should mean. */
export interface RecordingFiles {
  readonly recording: Recording;
  readonly expected: Expected;
}

/** Whether there is a recording in a folder. */
export function hasRecording(folder: string): boolean {
  return existsSync(join(folder, REGISTERS_FILE));
}

/** @throws HeatpoolError `PROFILE_INVALID`, naming every fault of the files */
export function readRecording(folder: string): RecordingFiles {
  const read = <S extends typeof recordingSchema | typeof expectedSchema>(
    file: string,
    schema: S,
  ) => {
    const path = join(folder, file);
    // JSON is YAML; so a fault has its line there too.
    return readYaml(readText(path), schema, { name: path, code: "PROFILE_INVALID" });
  };
  return {
    recording: read(REGISTERS_FILE, recordingSchema) as Recording,
    expected: read(EXPECTED_FILE, expectedSchema) as Expected,
  };
}

/**
 * Writes a new recording.
 *
 * @param expected text of `expected.yaml`, with its comments
 * @throws HeatpoolError `USAGE` when there is one already
 */
export function writeRecording(folder: string, recording: Recording, expected: string): void {
  if (hasRecording(folder)) {
    throw new HeatpoolError("USAGE", `${folder} has a recording already`, {
      hint: "Choose another --out folder; nothing is overwritten.",
    });
  }
  mkdirSync(folder, { recursive: true });
  const { registers, ...head } = recording;
  const lines = registers.map((one) => `    ${JSON.stringify(one)}`).join(",\n");
  const start = JSON.stringify(head, undefined, 2).slice(0, -2);
  writeFileSync(join(folder, REGISTERS_FILE), `${start},\n  "registers": [\n${lines}\n  ]\n}\n`);
  writeFileSync(join(folder, EXPECTED_FILE), expected);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new HeatpoolError("PROFILE_INVALID", `${path} cannot be read`, {
      hint: `A recording has two files: ${REGISTERS_FILE} and ${EXPECTED_FILE}.`,
      cause,
    });
  }
}
