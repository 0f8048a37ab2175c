/** `heatpool profile new`: a copy of the template to begin with. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { HeatpoolError } from "#core/errors.js";
import { loadProfileFile, PROFILE_NAME } from "../profile/profile-store.js";
import { type JsonOption, type ProfileCommandDeps, toJsonText } from "./profile-deps.js";

interface NewOptions extends JsonOption {
  readonly manufacturer: string;
  readonly model?: string;
  readonly to: string;
}

const TEMPLATE = "TEMPLATE.yaml";

export function addNew(profile: Command, deps: ProfileCommandDeps): void {
  profile
    .command("new")
    .description("copy the template, with the names filled in; never overwrites a file")
    .argument("<name>", "brand/model, small letters: acme/air-10")
    .requiredOption("--manufacturer <text>", "as people write it: Acme")
    .option("--model <text>", "as people write it; the model of the name unless told")
    .option("--to <folder>", "where <brand>/<model>.yaml goes", ".")
    .option("--json", "as JSON")
    .action((name: string, options: NewOptions) => create(deps, name, options));
}

function create(deps: ProfileCommandDeps, name: string, options: NewOptions): void {
  if (!PROFILE_NAME.test(name)) {
    throw new HeatpoolError("USAGE", `${JSON.stringify(name)} is no name of a profile`, {
      hint: "Names are brand/model, in small letters, digits, dots and hyphens: acme/air-10.",
    });
  }
  const file = join(options.to, `${name}.yaml`);
  if (existsSync(file)) {
    throw new HeatpoolError("USAGE", `${file} is there already`, {
      hint: "Nothing is overwritten; choose another name or another --to folder.",
    });
  }
  const template = readFileSync(join(deps.packaged, TEMPLATE), "utf8");
  const [, lastPart = name] = name.split("/");
  const { manufacturer, model = lastPart } = options;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, fill(template, { name, manufacturer, model }), { flag: "wx" });
  loadProfileFile(file);
  if (options.json === true) deps.write(toJsonText({ name, file }));
  else deps.write(`${file}\nFill it in, then: heatpool profile lint ${file}\n`);
}

/** Names in the places of the template's own. */
function fill(
  template: string,
  names: { readonly name: string; readonly manufacturer: string; readonly model: string },
): string {
  const [manufacturer, model] = [names.manufacturer, names.model].map((text) =>
    JSON.stringify(text),
  );
  return template
    .replace("$schema=profile.schema.json", "$schema=../profile.schema.json")
    .replace(/^name: .*$/m, () => `name: ${names.name}`)
    .replace(/^manufacturer: .*$/m, () => `manufacturer: ${manufacturer}`)
    .replace(/^model: .*$/m, () => `model: ${model}`)
    .replace(
      /^ {2}de: .*$/m,
      () => `  de: ${quoted(`Wärmepumpen von ${names.manufacturer} mit Regler ${names.model}`)}`,
    )
    .replace(
      /^ {2}en: .*$/m,
      () => `  en: ${quoted(`Heat pumps by ${names.manufacturer} with controller ${names.model}`)}`,
    )
    .replaceAll("test/profiles/brand/model", `test/profiles/${names.name}`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
