/** Small profiles, written as their authors would. */
import { parseProfile } from "#core/profile/compile-profile.js";
import type { Profile } from "#core/profile/profile.js";

/** What a test may say about a profile. */
export interface ProfileParts {
  /** Fields of `connection`, besides its source. */
  readonly connection?: string;
  /** Lines `- { … }`; a label and a source are added. */
  readonly registers: readonly string[];
  /** Whole blocks: `derived: …`, `parameters: …`. */
  readonly more?: string;
}

/** A profile of these registers. */
export function profileOf({ connection, registers, more }: ProfileParts): Profile {
  const lines = registers.map((fields) => `  - { ${fields}, label: { de: Wert, en: Value } }`);
  const text = `name: brand/model
manufacturer: Brand
model: Model
description: { de: Pumpe, en: Pump }
verified: false
sources: { m: a manual }
connection: { ${connection ?? "wordsPerReadMax: 8"}, source: [m] }
defaults: { source: [m] }
${more ?? ""}
registers:
${lines.join("\n")}
`;
  return parseProfile(text, "test.yaml");
}
