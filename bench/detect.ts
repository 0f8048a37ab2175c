/**
 * `npm run -s bench -- detect [--data folder] [--sets a,b] [--per-fault]`: how good the detectors
 * are, by the product's own alarms first and by a measure without threshold second, always beside
 * a random and a constant score. One JSON object is the last line; progress goes to standard error.
 */
import { existsSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";
import { SEED, type SetFigures } from "./detect/figures.js";
import { judgeGates } from "./detect/gates.js";
import { runLbnl } from "./detect/lbnl.js";
import { runNibe } from "./detect/nibe.js";
import { FULL, REDUCED } from "./detect/sim-files.js";
import { runSimFleet } from "./detect/sim-fleet.js";
import { runSimLocal } from "./detect/sim-local.js";
import { runSimOwn } from "./detect/sim-own.js";
import { runSkab } from "./detect/skab.js";
import type { BenchOptions } from "./harness.js";

interface DataSet {
  /** What must be there, below the data folder. */
  readonly needs: string;
  readonly run: (data: string) => SetFigures;
}

const SETS: Readonly<Record<string, DataSet>> = {
  "sim-fleet": { needs: "hp-sim-dev/manifest.json", run: (data) => runSimFleet(data, FULL) },
  "sim-fleet-reduced": {
    needs: "hp-sim-dev/manifest.json",
    run: (data) => runSimFleet(data, REDUCED),
  },
  "sim-local": { needs: "hp-sim-dev/manifest.json", run: runSimLocal },
  lbnl: { needs: "lbnl-ahu/MZVAV-2-2.csv.gz", run: runLbnl },
  skab: { needs: "skab/valve1", run: runSkab },
  "sim-own": { needs: "", run: runSimOwn },
  nibe: { needs: "heatpump-nibe-f730/events.csv.gz", run: runNibe },
};

/** Where the data lie beside a clone. */
const DATA = "../shared/ml";

/** Runs the sets and prints the line. */
export async function run(options: BenchOptions): Promise<void> {
  const data = options.data ?? DATA;
  const names = options.sets?.split(",") ?? Object.keys(SETS);
  const sets: Record<string, SetFigures> = {};
  const skipped: Record<string, string> = {};
  for (const name of names) {
    const set = SETS[name];
    if (set === undefined) skipped[name] = `no such set; known: ${Object.keys(SETS).join(", ")}`;
    else if (!existsSync(`${data}/${set.needs}`)) skipped[name] = `${data}/${set.needs} is absent`;
    else {
      console.error(`${name} …`);
      const figures = runSet(name, () => set.run(data));
      if (typeof figures === "string") skipped[name] = figures;
      else sets[name] = tidy(figures, options.perFault === true);
      console.error(`${name} ${JSON.stringify(sets[name] ?? figures)}`);
    }
  }
  const gates = judgeGates(sets);
  console.log(JSON.stringify({ bench: "detect", seed: SEED, sets, skipped, gates }));
}

/** Figures, or why there are none: a file that cannot be read is no reason to keep the others back. */
function runSet(name: string, run: () => SetFigures): SetFigures | string {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof HeatpoolError)) throw error;
    process.exitCode = 1;
    console.error(`${name}: ${error.message}`);
    return error.message;
  }
}

/** Four digits are enough; faults one by one only when asked for. */
function tidy(figures: SetFigures, isPerFault: boolean): SetFigures {
  const entries = Object.entries(figures).filter(([key]) => isPerFault || key !== "perFault");
  const short = entries.map(([key, value]) => [
    key,
    typeof value === "number" ? Number(value.toFixed(4)) : value,
  ]);
  return Object.fromEntries(short) as SetFigures;
}
