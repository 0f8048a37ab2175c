/** The command line of an operator's daily work: names, options and help. */
import type { Command } from "commander";
import type { Machine } from "./machine.js";

// Each command is loaded when it is called: most need little of the backend.
const loadBackup = () => import("./backup.js");
const loadDoctor = () => import("./doctor.js");
const loadOperation = () => import("./operation.js");
const loadPrivacy = () => import("./privacy.js");

/** @param asking adds the options of commands that ask a running backend */
export function addOperation(
  program: Command,
  machine: Machine,
  asking: (command: Command) => Command,
  withConfig: (command: Command) => Command,
): void {
  asking(program.command("doctor"))
    .description("look at disk, clock, keys, tokens and store, running or not; says what to do")
    .action(async (options) => (await loadDoctor()).examine(machine, options));
  asking(program.command("backup"))
    .description("write the embedded store of a running backend to a file, as it is now")
    .requiredOption("--out <file>", "a new file; it will hold every installation's data")
    .action(async (options) => (await loadBackup()).backUp(machine, options));
  withConfig(program.command("restore <file>"))
    .description("make the store from a backup, while the backend is stopped; never replaces one")
    .option("--json", "print JSON")
    .action(async (file, options) => (await loadBackup()).restore(machine, file, options));
  const privacy = program.command("privacy").description("what must not be kept");
  asking(privacy.command("audit"))
    .description("look for network addresses and installation ids in store, files and logs")
    .option("--backup <file>", "a backup instead of the store and its files")
    .option("--log <file...>", "logs to look into as well, also of a proxy", [])
    .action(async (options) => (await loadPrivacy()).auditPrivacy(machine, options));
  const schedule = program.command("schedule").description("what is done at fixed times");
  asking(schedule.command("list"))
    .description("all jobs, when they run next, and their last runs")
    .action(async (options) => (await loadOperation()).listSchedule(machine, options));
  asking(schedule.command("run <job>"))
    .description("run a job now and wait for its end")
    .action(async (job, options) => (await loadOperation()).runJob(machine, job, options));
  const retention = program.command("retention").description("deletion of old readings");
  asking(retention.command("run"))
    .description("delete now what is older than it may be")
    .action(async (options) => (await loadOperation()).runJob(machine, "retention", options));
  asking(program.command("quality [heatpump-model]"))
    .description("how good the data of each heat pump model are")
    .action(async (model, options) => (await loadOperation()).showQuality(machine, model, options));
  const quotas = program.command("quotas").description("limits of one installation");
  asking(quotas.command("show"))
    .description("the quotas that hold")
    .action(async (options) => (await loadOperation()).showQuotas(machine, options));
  asking(quotas.command("set"))
    .description("change quotas until the next start; 0 switches one off")
    .option("--batches-per-second <number>", "batches a second")
    .option("--batches-burst <number>", "batches that may come at once")
    .option("--snapshots-per-day <number>", "snapshots a day")
    .option("--mib-per-day <number>", "MiB a day")
    .action(async (options) => (await loadOperation()).setQuotas(machine, options));
  asking(program.command("log-level <level>"))
    .description("change what is logged until the next start: debug, info, warn or error")
    .action(async (level, options) => (await loadOperation()).setLogLevel(machine, level, options));
}
