/** The languages that commands speak. */
import { HeatpoolError } from "#core/errors.js";

export type Language = "de" | "en";

/** @param usual where `--language` is left out. @throws HeatpoolError `USAGE` no such language */
export function chooseLanguage(wanted: string | undefined, usual: Language = "en"): Language {
  if (wanted === undefined) return usual;
  if (wanted === "de" || wanted === "en") return wanted;
  throw new HeatpoolError("USAGE", `--language ${wanted}: de or en`);
}
