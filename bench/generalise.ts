/**
 * `npm run -s bench -- generalise [--sets alike,gaps] [--short]`: the detectors on whole folders of
 * simulated machines that nobody tuned to, through the same files and rules as the given data. One
 * line per folder. It proves nothing by itself; what fails here fails elsewhere as well.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SetFigures } from "./detect/figures.js";
import { FORMS } from "./detect/folder-forms.js";
import { FULL } from "./detect/sim-files.js";
import { runSimFleet } from "./detect/sim-fleet.js";
import { runSimLocal } from "./detect/sim-local.js";
import type { BenchOptions } from "./harness.js";
import { writeDataFolder } from "./simulated/data-folder.js";

const FIGURES = ["vusPr", "falseAlarmsPerMonth", "recall", "share", "topTwo", "events"] as const;

export async function run({ short, sets }: BenchOptions): Promise<void> {
  const wanted = sets?.split(",") ?? (short ? ["alike"] : Object.keys(FORMS));
  for (const name of wanted) {
    const form = FORMS[name];
    if (form === undefined) throw new Error(`no folder ${name}: ${Object.keys(FORMS).join(", ")}`);
    const data = mkdtempSync(join(tmpdir(), "heatpool-folder-"));
    try {
      writeDataFolder(data, form);
      const fleet = few(runSimFleet(data, FULL));
      const local = short ? undefined : few(runSimLocal(data));
      console.log(JSON.stringify({ bench: "generalise", folder: name, fleet, local }));
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  }
}

function few(figures: SetFigures): Record<string, number> {
  return Object.fromEntries(
    FIGURES.map((name) => [name, Number(Number(figures[name]).toFixed(4))]),
  );
}
