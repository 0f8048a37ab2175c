/** Faults of meaning, collected while a profile is compiled. */
import type { Fault } from "#core/schema/read-yaml.js";

/** Takes a fault: where in the file, and what is wrong, in words for its author. */
export type Report = (path: readonly PropertyKey[], message: string) => void;

/** A list that shows each fault once, however often a repeated register meets it. */
export function createFaultList(): { readonly report: Report; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  return {
    faults,
    report(path, message) {
      const key = `${path.join(".")} ${message}`;
      if (seen.has(key)) return;
      seen.add(key);
      faults.push({ path, message });
    },
  };
}
