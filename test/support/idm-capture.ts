/** What a real iDM Navigator 2.0 sent, as an image for servers and as a profile of those registers. */
import { readFileSync } from "node:fs";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { plainProfile, plainRegister } from "./plain-profile.js";

/** One captured register. */
export interface CapturedRegister {
  readonly address: number;
  readonly encoding: "float32" | "uint16" | "int16";
  readonly words: readonly number[];
  /** What the words mean; -1.0 of a float32 stands for nothing there. */
  readonly value: number;
}

/** All captured registers, by address. */
export const CAPTURE: readonly CapturedRegister[] = JSON.parse(
  readFileSync(new URL("../vectors/idm-capture.json", import.meta.url), "utf8"),
).registers;

/** Address → word. */
export function captureImage(): Map<number, number> {
  return new Map(
    CAPTURE.flatMap(({ address, words }) => words.map((word, at) => [address + at, word] as const)),
  );
}

/** Second words of float32 registers that have a meaning of their own: only readable alone. */
const OVERLAPPING = [1393, 1442, 1484];

/** The captured registers as a profile with the limits of the device: 40 words, no bridging. */
export function captureProfile(): Profile {
  return plainProfile(CAPTURE.map(registerOf), {
    wordsPerReadMax: 40,
    idleCloseSeconds: undefined,
  });
}

function registerOf({ address, encoding, words }: CapturedRegister): ProfileRegister {
  const plain = plainRegister(address);
  const isFloat = encoding === "float32";
  return {
    ...plain,
    isSingle: OVERLAPPING.includes(address),
    min: -1e6,
    max: 1e6,
    format: {
      ...plain.format,
      encoding,
      words: words.length,
      wordOrder: "low-first",
      resolution: isFloat ? undefined : { multiplier: 1, decimals: 0 },
      absent: isFloat ? [[0, 49_024]] : [[65_535], [65_534]],
    },
  };
}
