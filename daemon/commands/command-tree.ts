/**
 * The commands of a program as data, so that the manual page and the completion of the shell are
 * made from the same definitions as the help.
 */
import type { Command } from "commander";

/** One command, the program itself first. */
export interface CommandPage {
  /** Words after the program's name; empty for the program itself. */
  readonly words: readonly string[];
  readonly about: string;
  readonly arguments: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly { readonly flags: string; readonly about: string }[];
}

/** Name of the hidden command that prints them. */
export const DESCRIBE = "describe-commands";

/** `program` and everything below it that is not hidden, depth first. */
export function describeCommands(program: Command, before: readonly string[] = []): CommandPage[] {
  const help = program.createHelp();
  const below = help.visibleCommands(program).filter((one) => one.name() !== "help");
  const page: CommandPage = {
    words: before,
    about: program.description(),
    arguments: program.registeredArguments.map((one) => ({
      name: help.argumentTerm(one) + (one.variadic ? "..." : ""),
      about: one.description,
    })),
    options: help.visibleOptions(program).map((one) => ({
      flags: one.flags,
      about: help.optionDescription(one),
    })),
  };
  return [page, ...below.flatMap((one) => describeCommands(one, [...before, one.name()]))];
}
