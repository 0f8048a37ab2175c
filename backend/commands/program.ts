/** The command line: names, options and help; each command is a function of its own file. */
import { Command } from "commander";
import {
  eraseInstallation,
  exportInstallation,
  listInstallations,
  releaseStatistics,
  showStatus,
} from "./admin.js";
import { initAuthority } from "./authority.js";
import { addKeys } from "./keys-program.js";
import { CONFIG_FILE, type Machine } from "./machine.js";
import { serve } from "./serve.js";
import { createToken } from "./token.js";

/** Builds the program around `machine`. */
export function createProgram(machine: Machine): Command {
  const program = new Command("heatpool-backend");
  program
    .description("Takes telemetry of heat pumps in and tells what the pool knows")
    .version(machine.version)
    .exitOverride()
    .showHelpAfterError("(--help shows what can be done)");
  withConfig(program.command("serve"))
    .description("run the backend until SIGTERM")
    .action((options) => serve(machine, options));
  asking(program.command("status"))
    .description("what a running backend holds, and its warnings")
    .action((options) => showStatus(machine, options));
  const installations = program.command("installations").description("who sends");
  asking(installations.command("list"))
    .description("all known installations; with --json one a line")
    .action((options) => listInstallations(machine, options));
  asking(installations.command("erase <id>"))
    .description("remove everything of an installation for good, and refuse what comes of it later")
    .action((id, options) => eraseInstallation(machine, id, options));
  asking(installations.command("export <id>"))
    .description("write all that is held about an installation: for its owner")
    .requiredOption("--out <path>", "a new file *.ndjson, or a new folder for CSV and JSON")
    .action((id, options) => exportInstallation(machine, id, options));
  addSetUp(program, machine);
  addKeys(program, machine, withConfig);
  const statistics = program.command("statistics").description("community statistics");
  asking(statistics.command("release"))
    .description("release statistics now; at most once in 20 hours")
    .action((options) => releaseStatistics(machine, options));
  return program;
}

function addSetUp(program: Command, machine: Machine): void {
  const authority = program.command("ca").description("a private authority for TLS");
  withConfig(authority.command("init"))
    .description("make an authority, a server certificate and a first claim token; never replaces")
    .option("--dir <folder>", "where to; tls in stateDir unless told")
    .option("--host <name...>", "name or address under which daemons reach this backend", [])
    .option("--json", "print the paths as JSON")
    .action((options) => initAuthority(machine, options));
  const token = program.command("token").description("tokens: who may send");
  withConfig(token.command("create"))
    .description("make a bearer token for clients by HTTP, or a claim token; printed once")
    .option("--claim", "a claim token for a daemon that enrols")
    .option("--installation <uuid>", "a bearer token of this installation alone")
    .option("--label <text>", "who has it, for your own list", "")
    .option("--json", "print it as JSON")
    .action((options) => createToken(machine, options));
}

function withConfig(command: Command): Command {
  return command.option("-c, --config <file>", "configuration", CONFIG_FILE);
}

function asking(command: Command): Command {
  return withConfig(command)
    .option("--admin <address>", "unix:/path or 127.0.0.1:port, if not as configured")
    .option("--json", "print JSON");
}
