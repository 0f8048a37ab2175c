/** What cannot be taken back is done only by an owner who says so: typed, or by `--yes`. */
import { HeatpoolError } from "#core/errors.js";
import type { Terminal } from "./terminal.js";

/** What is put to the owner. */
interface Question {
  /** What it is about. */
  readonly about: readonly string[];
  readonly ask: string;
  /** The answer that agrees; every other one does not. */
  readonly agrees: RegExp;
  /** Said when nobody agreed. */
  readonly refused: string;
}

/** @throws HeatpoolError `USAGE` who wants JSON is a program, and cannot be asked */
export async function isConfirmed(
  options: { readonly json?: boolean; readonly yes?: boolean },
  terminal: Terminal,
  { about, ask, agrees, refused }: Question,
): Promise<boolean> {
  if (options.yes === true) return true;
  if (options.json === true) {
    throw new HeatpoolError("USAGE", "with --json nobody is asked", {
      hint: "Add --yes, when that is what you want.",
    });
  }
  for (const line of about) terminal.print(line);
  const answer = await terminal.ask(ask);
  if (agrees.test(answer?.trim() ?? "")) return true;
  terminal.print(refused);
  terminal.setExitStatus(1);
  return false;
}
