/** Runs `heatpool profile …` inside the test, with what it prints and the status it would end with. */
import { Command } from "commander";
import type { Clock } from "#core/clock.js";
import { addProfileCommands } from "../../daemon/commands/profile.js";
import { createProfileStore, packagedProfiles } from "../../daemon/profile/profile-store.js";
import { createSwiftClock } from "./swift-clock.js";

/** What became of a command. */
export interface CommandRun {
  readonly output: string;
  /** Lines about long work. */
  readonly notes: readonly string[];
  readonly status: number;
}

/** How it differs from a plain run. */
export interface RunOptions {
  readonly folders?: readonly string[];
  readonly clock?: Clock;
  readonly ending?: AbortSignal;
  /** Sees what is printed as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** @param args what follows `heatpool profile` */
export async function runProfile(...args: readonly string[]): Promise<CommandRun> {
  return runProfileWith({}, ...args);
}

/** The same, in other circumstances. */
export async function runProfileWith(
  options: RunOptions,
  ...args: readonly string[]
): Promise<CommandRun> {
  let [output, status] = ["", 0];
  const notes: string[] = [];
  const write = (text: string): void => {
    output += text;
    options.onOutput?.(text);
  };
  const quiet = { writeOut: write, writeErr: () => {} };
  const program = new Command("heatpool").exitOverride().configureOutput(quiet);
  const packaged = packagedProfiles();
  addProfileCommands(program, {
    store: createProfileStore([...(options.folders ?? []), packaged]),
    write,
    note: (line) => notes.push(line),
    setExitStatus: (value) => {
      status = value;
    },
    clock: options.clock ?? createSwiftClock(),
    ending: options.ending ?? new AbortController().signal,
    packaged,
  });
  await program.parseAsync(["profile", ...args], { from: "user" });
  return { output, notes, status };
}
