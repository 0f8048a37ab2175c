/** `heatpool profile diff`: what two profiles, or a profile and a register table, say differently. */
import type { Command } from "commander";
import {
  compareProfiles,
  compareWithTable,
  type Differences,
} from "#core/profile/register-differences.js";
import { readRegisterTable } from "../profile/register-table.js";
import {
  type JsonOption,
  loadNamed,
  type ProfileCommandDeps,
  toJsonText,
  toTable,
} from "./profile-deps.js";

export function addDiff(profile: Command, deps: ProfileCommandDeps): void {
  profile
    .command("diff")
    .description("what two profiles, or a profile and a register table, say differently")
    .argument("<a>", "name of a profile, or a YAML file")
    .argument(
      "<b>",
      "the same, or a CSV file: table,address,words,type,word_order,scale,unit,access",
    )
    .option("--json", "as JSON")
    .action((a: string, b: string, options: JsonOption) => diff(deps, a, b, options));
}

function diff(deps: ProfileCommandDeps, a: string, b: string, options: JsonOption): void {
  const first = loadNamed(deps.store, a);
  const differences = b.endsWith(".csv")
    ? compareWithTable(first, readRegisterTable(b))
    : compareProfiles(first, loadNamed(deps.store, b));
  deps.write(options.json === true ? toJsonText(differences) : toText(differences));
}

function toText({ added, removed, changed, compared }: Differences): string {
  const rows = [
    ...removed.map((place) => [place, "removed", ""]),
    ...added.map((place) => [place, "added", ""]),
    ...changed.map(({ place, field, from, to }) => [
      place,
      field,
      `${from || "nothing"} → ${to || "nothing"}`,
    ]),
  ];
  const places = new Set(changed.map((one) => one.place)).size;
  const counts = `${compared} compared, ${places} changed, ${added.length} added, ${removed.length} removed`;
  return `${toTable(rows)}${counts}\n`;
}
