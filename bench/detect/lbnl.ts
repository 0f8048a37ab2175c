/** `lbnl`: air handling units minute by minute; a fault lasts a whole day. */
import { SHARE_60 } from "#core/anomaly/multivariate.js";
import { numbersOf, readCsv, textsOf } from "./csv-table.js";
import { judgeScores, type SetFigures } from "./figures.js";
import { scoreGeneric } from "./generic.js";

const LEARN_DAYS: ReadonlySet<string> = new Set([
  "8/27/2008",
  "8/29/2008",
  "8/31/2008",
  "9/4/2008",
  "2/11/2009",
  "5/6/2009",
  "5/8/2009",
]);
const LABEL = "Fault Detection Ground Truth";
const WIDTH_MAX = 60;
/** A fault day is found when this share of its minutes exceeds every minute of normal days. */
const FOUND_SHARE = 0.02;

/** Runs the set. */
export function runLbnl(data: string): SetFigures {
  const table = readCsv(`${data}/lbnl-ahu/MZVAV-2-2.csv.gz`);
  const names = table.columns.filter(
    (name) => name !== "Datetime" && name !== LABEL && !name.includes("Set Point"),
  );
  const columns = names.map((name) => numbersOf(table, name));
  const label = numbersOf(table, LABEL);
  const days = textsOf(table, "Datetime").map((time) => time.split(" ")[0] ?? "");
  const rows = days.map((_, row) => Float64Array.from(columns, (column) => column[row] ?? NaN));
  const starts = new Set(days.flatMap((day, row) => (days[row - 1] === day ? [] : [row])));
  const learn = days.flatMap((day, row) => (LEARN_DAYS.has(day) ? [row] : []));
  const test = days.flatMap((day, row) => (LEARN_DAYS.has(day) ? [] : [row]));
  const { score, learnSeconds, scoreSeconds } = scoreGeneric(
    { names, rows, starts },
    learn,
    SHARE_60,
  );
  const isEvent = Uint8Array.from(test, (row) => (label[row] === 1 ? 1 : 0));
  const judged = judgeScores(
    [{ score: Float64Array.from(test, (row) => score[row] ?? 0), isEvent }],
    WIDTH_MAX,
  );
  const highest = test.reduce(
    (most, row) => (label[row] === 1 ? most : Math.max(most, score[row] ?? 0)),
    Number.NEGATIVE_INFINITY,
  );
  const faultDays = [
    ...new Set(test.flatMap((row) => (label[row] === 1 ? (days[row] ?? []) : []))),
  ];
  const found = faultDays.filter((day) => {
    const minutes = test.filter((row) => days[row] === day);
    const above = minutes.filter((row) => (score[row] ?? 0) > highest);
    return above.length > FOUND_SHARE * minutes.length;
  });
  return {
    ...judged,
    events: faultDays.length,
    daysFound: found.length,
    learnSeconds,
    scoreMicroseconds: (scoreSeconds / rows.length) * 1e6,
  };
}
