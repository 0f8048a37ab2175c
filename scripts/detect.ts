/**
 * `npm run -s detect -- --learn a.csv --learn b.csv --score d.csv --out d.scores.csv`: the
 * product's detectors on any CSV file. A `label` column is never read.
 */
import { parseArgs } from "node:util";
import { HeatpoolError } from "#core/errors.js";
import { detectFiles } from "../bench/detect/detect-files.js";
import { replayHst } from "../bench/detect-hst.js";

const USAGE = `usage: npm run -s detect -- --learn a.csv … --score d.csv --out d.scores.csv
  --learn file        healthy machines of one model; repeat; .gz is read as well
  --calibrate file    healthy machines that limits come from, in place of leaving one out
  --local-days n      learn a machine's own first n days (of --learn, else of --score)
  --score file        what is to be watched
  --out file          timestamp,score,alarm,part1,part2
  --plan file         YAML: which column is which channel
  --generic           all numeric columns, no roles
  --model-out file, --model-in file, --model-name name
  --hst vectors.json  replay half-space tree vectors`;

const many = { type: "string", multiple: true } as const;
const one = { type: "string" } as const;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      learn: many,
      calibrate: many,
      score: one,
      out: one,
      plan: one,
      generic: { type: "boolean", default: false },
      "local-days": one,
      "model-out": one,
      "model-in": one,
      "model-name": one,
      hst: many,
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) console.log(USAGE);
  else if (positionals.length > 0 && values.hst === undefined)
    throw new HeatpoolError("USAGE", `unexpected: ${positionals.join(" ")}`);
  else if (values.hst !== undefined)
    console.log(JSON.stringify(await replayHst([...values.hst, ...positionals])));
  else
    detectFiles({
      learn: values.learn ?? [],
      calibrate: values.calibrate ?? [],
      score: values.score,
      out: values.out,
      plan: values.plan,
      isGeneric: values.generic,
      localDays: values["local-days"] === undefined ? undefined : Number(values["local-days"]),
      modelOut: values["model-out"],
      modelIn: values["model-in"],
      modelName: values["model-name"],
    });
} catch (error) {
  const isOurs = error instanceof HeatpoolError;
  if (!isOurs && !(error instanceof TypeError)) throw error;
  console.error(error.message);
  if (isOurs && error.hint !== undefined) console.error(error.hint);
  process.exitCode = isOurs ? error.exitStatus : 64;
}
