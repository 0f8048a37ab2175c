/** `skab`: a water loop at 1 Hz, one fault a file, learnt on the file's own first 400 seconds. */
import { readdirSync } from "node:fs";
import { SHARE_10 } from "#core/anomaly/multivariate.js";
import { numbersOf, readCsv } from "./csv-table.js";
import { judgeScores, type ScoredRows, type SetFigures } from "./figures.js";
import { type GenericRows, scoreGeneric } from "./generic.js";

const FOLDERS = ["valve1", "valve2", "other"];
const NOT_SENSORS: ReadonlySet<string> = new Set(["datetime", "anomaly", "changepoint"]);
const LEARN_ROWS = 400;
/** For the realised rate: learnt on these rows, threshold from those up to `LEARN_ROWS`. */
const SHORT_ROWS = 300;
const QUANTILE = 0.99;
const WIDTH_MAX = 30;

/** Runs the set. */
export function runSkab(data: string): SetFigures {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(`${data}/skab/${folder}`)
      .sort()
      .map((name) => `${data}/skab/${folder}/${name}`),
  );
  const stretches: ScoredRows[] = [];
  let [learnSeconds, scoreSeconds, rows, wrong, normal] = [0, 0, 0, 0, 0];
  for (const file of files) {
    const { generic, label } = readFile(file);
    const out = scoreGeneric(generic, range(0, LEARN_ROWS), SHARE_10);
    learnSeconds += out.learnSeconds;
    scoreSeconds += out.scoreSeconds;
    rows += label.length;
    stretches.push({
      score: out.score.subarray(LEARN_ROWS),
      isEvent: Uint8Array.from(label.subarray(LEARN_ROWS)),
    });
    const { score } = scoreGeneric(generic, range(0, SHORT_ROWS), SHARE_10);
    const sorted = score.slice(SHORT_ROWS, LEARN_ROWS).sort();
    const threshold = sorted[Math.ceil(QUANTILE * sorted.length) - 1] ?? 0;
    for (let row = LEARN_ROWS; row < label.length; row++) {
      if (label[row] === 1) continue;
      normal++;
      if ((score[row] ?? 0) > threshold) wrong++;
    }
  }
  return {
    ...judgeScores(stretches, WIDTH_MAX),
    events: files.length,
    falsePositiveRate: wrong / normal,
    learnSeconds,
    scoreMicroseconds: (scoreSeconds / rows) * 1e6,
  };
}

function readFile(file: string): { generic: GenericRows; label: Float64Array } {
  const table = readCsv(file, ";");
  const names = table.columns.filter((name) => !NOT_SENSORS.has(name));
  const columns = names.map((name) => numbersOf(table, name));
  const label = numbersOf(table, "anomaly");
  const rows = Array.from(label, (_, row) => Float64Array.from(columns, (c) => c[row] ?? NaN));
  return { generic: { names, rows, starts: new Set([0]) }, label };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
