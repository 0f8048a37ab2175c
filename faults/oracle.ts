/**
 * The oracle: a device whose every answer is unique, and what may be concluded from finding them.
 *
 * Two registers hold a number that rises with each read and its check value. Whoever finds a
 * snapshot anywhere later knows whether it was ever served, by which unit and when, and whether a
 * single bit of it changed. Sets are compared exactly; nothing here rounds or estimates.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { planChannels } from "#core/batch/device-channels.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { RegisterImage } from "../daemon/simulator/modbus-server.js";

/** Name of the oracle's profile. */
export const ORACLE_PROFILE = "oracle/counter";
export const NUMBER_METRIC = "starts_compressor";
export const CHECK_METRIC = "energy_electric_total";
/** Greatest check value plus one; fits the metric's bounds. */
const CHECKS = 9_999_991;
const REQUEST_TIMEOUT_MS = 8_000;

/** The profile, as its author would write it. */
export const ORACLE_PROFILE_TEXT = `name: ${ORACLE_PROFILE}
manufacturer: Oracle
model: Counter
description: { de: Zählt seine Antworten, en: Counts its answers }
verified: false
sources: { own: the fault suites }
connection: { wordsPerReadMax: 8, pollSecondsMin: 1, requestTimeoutMs: ${REQUEST_TIMEOUT_MS}, source: [own] }
defaults: { space: input, encoding: uint32, source: [own] }
registers:
  - { address: 0, metric: ${NUMBER_METRIC}, label: { de: Nummer, en: Number } }
  - { address: 2, metric: ${CHECK_METRIC}, unit: kWh, resolution: 1, label: { de: Prüfwert, en: Check value } }
`;

/** The channel table of every oracle. */
export const ORACLE_TABLE: ChannelTable = planChannels(
  parseProfile(ORACLE_PROFILE_TEXT, "oracle.yaml"),
);

/** What belongs to a number; a changed bit in either is found. */
export function checkOf(number: number): number {
  const mixed = Math.imul(number ^ 0x5bd1e995, 0x9e3779b1) ^ (number >>> 13);
  return (mixed >>> 0) % CHECKS;
}

/** An answer that was given. */
export interface Served {
  readonly number: number;
  readonly unitId: number;
  /** Which life of the reader asked for it. */
  readonly life: number;
}

/** Answers with numbers and remembers all of them. */
export interface Oracle extends RegisterImage {
  readonly served: readonly Served[];
  /** Life to which answers are counted from here on. */
  life: number;
  /** Resolves with the next answer, or after `ms`. */
  nextAnswer(ms: number): Promise<void>;
}

/** @param first the first number; each one is given once */
export function createOracle(first = 1): Oracle {
  const served: Served[] = [];
  const waiting = new Set<() => void>();
  const oracle: Oracle = {
    served,
    life: 0,
    read({ unitId, address, count }) {
      if (address !== 0 || count !== 4) return 2;
      const number = first + served.length;
      served.push({ number, unitId, life: oracle.life });
      for (const wake of waiting) wake();
      return [...wordsOf(number), ...wordsOf(checkOf(number))];
    },
    nextAnswer: (ms) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
      }),
  };
  return oracle;
}

function wordsOf(value: number): [number, number] {
  return [value >>> 16, value & 0xffff];
}

/** Numbers of a batch; `undefined`: a row that no oracle ever served. */
export function numbersOf(
  batch: SealedBatch,
  table: ChannelTable = ORACLE_TABLE,
): (number | undefined)[] {
  return [...readRows(openSealed(batch, table), table)].map(({ values }) => {
    const number = values.get(NUMBER_METRIC);
    const isTrue = number !== undefined && values.get(CHECK_METRIC) === checkOf(number);
    return isTrue ? number : undefined;
  });
}

/** What was found somewhere, against what was served. */
export interface Findings {
  readonly numbers: ReadonlySet<number>;
  /** Rows that were found once more. */
  readonly doubled: number;
  /** Rows that were never served, or not like this. */
  readonly invented: number;
}

/** Sorts what was found. */
export function examine(
  found: readonly (number | undefined)[],
  served: readonly Served[],
): Findings {
  const known = new Set(served.map(({ number }) => number));
  const numbers = new Set<number>();
  let [doubled, invented] = [0, 0];
  for (const number of found) {
    if (number === undefined || !known.has(number)) invented++;
    else if (numbers.has(number)) doubled++;
    else numbers.add(number);
  }
  return { numbers, doubled, invented };
}
