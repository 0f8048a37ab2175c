/**
 * `heatpool profile assign`: a template and the point list of one gateway become a profile of that
 * gateway, checked like any other before it is written.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { HeatpoolError } from "#core/errors.js";
import { parseProfile } from "#core/profile/compile-profile.js";
import { assignAddresses, isTemplate, parseTemplate } from "#core/profile/template.js";
import { POINT_COLUMNS, readPointList } from "../profile/point-list.js";
import { readProfileText } from "../profile/profile-store.js";
import { isFile, type JsonOption, type ProfileCommandDeps, toJsonText } from "./profile-deps.js";
import { toWhole } from "./profile-options.js";

interface AssignOptions extends JsonOption {
  readonly points: string;
  readonly out: string;
  readonly firstAddress: string;
}

export function addAssign(profile: Command, deps: ProfileCommandDeps): void {
  profile
    .command("assign")
    .description("give a gateway's template the addresses that its installer assigned")
    .argument("<template>", "name of a template, or a YAML file")
    .requiredOption("--points <file.csv>", `the gateway's point list: ${POINT_COLUMNS.join(",")}`)
    .requiredOption("--out <file.yaml>", "the profile; never overwrites a file")
    .option("--first-address <0|1>", "1 where the list counts from 1", "0")
    .option("--json", "as JSON")
    .action((name: string, options: AssignOptions) => assign(deps, name, options));
}

function assign(deps: ProfileCommandDeps, name: string, options: AssignOptions): void {
  const { out } = options;
  if (existsSync(out)) {
    throw new HeatpoolError("USAGE", `${out} is there already`, {
      hint: "Nothing is overwritten; choose another --out file.",
    });
  }
  const file = isFile(name) ? name : deps.store.fileOf(name);
  const text = readProfileText(file);
  if (!isTemplate(text)) {
    throw new HeatpoolError("USAGE", `${name} is no template: it has its addresses`, {
      hint: "`heatpool profile list` shows which profiles need an assignment.",
    });
  }
  const template = parseTemplate(text, file);
  const known = new Set(template.text.registers.map((one) => one.point));
  const first = toWhole("--first-address", options.firstAddress, 0, 1) === 1 ? 1 : 0;
  const points = readPointList(options.points, known, first);
  const { yaml, missing } = assignAddresses(text, template, points);
  const profile = parseProfile(yaml, out);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, yaml, { flag: "wx" });
  const summary = { file: out, name: profile.name, registers: profile.registers.length, missing };
  deps.write(options.json === true ? toJsonText(summary) : toText(summary));
}

function toText(summary: {
  readonly file: string;
  readonly name: string;
  readonly registers: number;
  readonly missing: readonly string[];
}): string {
  const { file, name, registers, missing } = summary;
  const lines = [
    `${file}: ${name}, ${registers} registers`,
    ...(missing.length > 0 ? [`without an address: ${missing.join(", ")}`] : []),
    `The daemon finds it as <folder of profiles>/${name}.yaml`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}
