/** The command line of models: releases, candidates, training. */
import type { Command } from "commander";
import type { Machine } from "./machine.js";

// Each command is loaded when it is called: most need little of the backend.
const loadCandidates = () => import("./candidates.js");
const loadModels = () => import("./models.js");
const loadTrain = () => import("./train.js");
const loadTraining = () => import("./training.js");

/** Adds options to a command. */
type Adorn = (command: Command) => Command;

/** @param asking adds the options of commands that ask a running backend */
export function addModels(
  program: Command,
  machine: Machine,
  asking: Adorn,
  withConfig: Adorn,
): void {
  const releasing: Adorn = (command) => withConfig(command).option("--json", "print JSON");
  addTraining(program, machine, asking, withConfig);
  releasing(program.command("publish <file>"))
    .description("seal a model and enter it as the next release")
    .requiredOption("--model <id>", "its id in the catalogue, e.g. aero-slm")
    .requiredOption("--for <heat pump models...>", "whom it is meant for; * for all")
    .requiredOption("--schema <name>", "form of the content, e.g. anomaly/1")
    .option("--min-daemon <version>", "oldest daemon that can use it", "0.1.0")
    .option("--installations <count>", "how many it was trained with", "0")
    .action(async (file, options) => (await loadModels()).publishModel(machine, file, options));
  const models = program.command("models").description("candidates and published models");
  releasing(models.command("list"))
    .description("all releases, and how many installations have them; with --json which")
    .action(async (options) => (await loadModels()).listModels(machine, options));
  releasing(models.command("revoke <model> <release>"))
    .description("give a release to nobody any more")
    .action(async (model, release, options) =>
      (await loadModels()).revokeModel(machine, model, release, options),
    );
  releasing(models.command("rollback <model> <release>"))
    .description("publish the content of an earlier release again, as a new one")
    .action(async (model, release, options) =>
      (await loadModels()).rollBackModel(machine, model, release, options),
    );
  asking(models.command("candidates [model]"))
    .description("what training came to: span, installations, figures, gates")
    .action(async (model, options) =>
      (await loadCandidates()).listCandidates(machine, model, options),
    );
  asking(models.command("candidate <model> <version>"))
    .description("one candidate with its whole card")
    .action(async (model, version, options) =>
      (await loadCandidates()).showCandidate(machine, model, version, options),
    );
  asking(models.command("publish <model> <version>"))
    .description("publish a candidate that passed every gate, e.g. as v2026.11")
    .action(async (model, version, options) =>
      (await loadCandidates()).publishCandidate(machine, model, version, options),
    );
  asking(models.command("discard <model> <version>"))
    .description("forget a candidate")
    .action(async (model, version, options) =>
      (await loadCandidates()).discardCandidate(machine, model, version, options),
    );
}

function addTraining(program: Command, machine: Machine, asking: Adorn, withConfig: Adorn): void {
  ordering(withConfig(program.command("train")))
    .description("train models from what the store holds, while no backend serves")
    .option("--out <folder>", "write contents of candidates here, for publish")
    .option("--json", "print JSON")
    .action(async (options) => (await loadTrain()).train(machine, options));
  const training = program.command("training").description("training in a backend that serves");
  ordering(asking(training.command("start")))
    .description("begin to train now; does not wait for the end")
    .action(async (options) => (await loadTraining()).startTraining(machine, options));
  asking(training.command("runs"))
    .description("runs, how they stand, what came of them and how long they took")
    .action(async (options) => (await loadTraining()).listRuns(machine, options));
}

function ordering(command: Command): Command {
  return command
    .option("--model <heat pump>", "one heat pump model; * for the one for all")
    .option("--since <month>", "first month that counts, e.g. 2026-05")
    .option("--dry-run", "keep nothing, and make no candidate");
}
