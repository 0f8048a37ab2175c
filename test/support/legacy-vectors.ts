/** Vectors of the envelope of the earlier server. */
import { readVectors } from "./vectors.js";

/** One envelope, and what is to become of it. */
export interface LegacyVector {
  readonly name: string;
  readonly expect: "accept" | "reject";
  readonly why?: string;
  readonly envelope: string;
  readonly plaintextBase64?: string;
}

/** All of them, and their key. */
export const legacyVectors = readVectors<{
  readonly keyAscii: string;
  readonly vectors: readonly LegacyVector[];
}>("legacy-envelope-vectors.json");
