/** The command line: names, options and help; each command is a function of its own file. */
import { Command } from "commander";
import { addKeys } from "./keys-program.js";
import { CONFIG_FILE, type Machine } from "./machine.js";
import { addModels } from "./models-program.js";
import { addOperation } from "./operation-program.js";

// Each command is loaded when it is called: most need little of the backend.
const loadAdmin = () => import("./admin.js");
const loadAuthority = () => import("./authority.js");
const loadMigrate = () => import("./migrate.js");
const loadServe = () => import("./serve.js");
const loadStatus = () => import("./status.js");
const loadToken = () => import("./token.js");

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
    .action(async (options) => (await loadServe()).serve(machine, options));
  asking(program.command("status"))
    .description("what a running backend holds, and its warnings")
    .action(async (options) => (await loadStatus()).showStatus(machine, options));
  const installations = program.command("installations").description("who sends");
  asking(installations.command("list"))
    .description("all known installations; with --json one a line")
    .action(async (options) => (await loadAdmin()).listInstallations(machine, options));
  asking(installations.command("revoke <id>"))
    .description("take an installation's certificate back for good; its data stay")
    .action(async (id, options) => (await loadAdmin()).revokeInstallation(machine, id, options));
  asking(installations.command("erase [id]"))
    .option("--recovery-code <code>", "what the owner wrote down; instead of the id")
    .description("remove everything of an installation for good, and refuse what comes of it later")
    .action(async (id, options) => (await loadAdmin()).eraseInstallation(machine, id, options));
  asking(installations.command("export <id>"))
    .description("write all that is held about an installation: for its owner")
    .requiredOption("--out <path>", "a new file *.ndjson, or a new folder for CSV and JSON")
    .action(async (id, options) => (await loadAdmin()).exportInstallation(machine, id, options));
  addModels(program, machine, asking, withConfig);
  addSetUp(program, machine);
  withConfig(program.command("migrate"))
    .description("copy the embedded store to other engines, counting before and after")
    .requiredOption("--from <engine>", "embedded")
    .requiredOption("--to <engines>", "victoriametrics, postgresql or victoriametrics+postgresql")
    .option("--json", "print the counts as JSON")
    .action(async (options) => (await loadMigrate()).migrate(machine, options));
  addKeys(program, machine, withConfig);
  const statistics = program.command("statistics").description("community statistics");
  asking(statistics.command("release"))
    .description("release statistics now; at most once in 20 hours")
    .action(async (options) => (await loadAdmin()).releaseStatistics(machine, options));
  addOperation(program, machine, asking, withConfig);
  return program;
}

function addSetUp(program: Command, machine: Machine): void {
  const authority = program
    .command("ca")
    .description("authorities: of the server, and of the installations");
  withConfig(authority.command("init"))
    .description("make an authority, a server certificate and a first claim token; never replaces")
    .option("--dir <folder>", "where to; tls in stateDir unless told")
    .option("--host <name...>", "name or address under which daemons reach this backend", [])
    .option("--json", "print the paths as JSON")
    .action(async (options) => (await loadAuthority()).initAuthority(machine, options));
  withConfig(authority.command("issue"))
    .description("make a new server certificate from the private authority")
    .requiredOption("--out <folder>", "where to")
    .option("--dir <folder>", "the private authority; tls in stateDir unless told")
    .option("--host <name...>", "name or address under which daemons reach this backend", [])
    .option("--json", "print the paths as JSON")
    .action(async (options) => (await loadAuthority()).issueServer(machine, options));
  withConfig(authority.command("list"))
    .description("the authorities of the installations")
    .option("--json", "print JSON")
    .action(async (options) => (await loadAuthority()).listAuthorities(machine, options));
  withConfig(authority.command("rotate"))
    .description("make the next issuing authority; the one before counts for 90 more days")
    .option("--root-key <file>", "where the root key is; devices/root.key in stateDir unless told")
    .option("--json", "print the paths as JSON")
    .action(async (options) => (await loadAuthority()).rotateAuthority(machine, options));
  withConfig(authority.command("show [name]"))
    .description("one authority's certificate; unless told, the one that signs")
    .option("--json", "print JSON")
    .action(async (name, options) => (await loadAuthority()).showAuthority(machine, name, options));
  const token = program.command("token").description("tokens: who may send");
  withConfig(token.command("create"))
    .description("make a bearer token for clients by HTTP, or a claim token; printed once")
    .option("--claim", "a claim token for a daemon that enrols")
    .option("--installation <uuid>", "a bearer token of this installation alone")
    .option("--label <text>", "who has it, for your own list", "")
    .option("--json", "print it as JSON")
    .action(async (options) => (await loadToken()).createToken(machine, options));
}

function withConfig(command: Command): Command {
  return command.option("-c, --config <file>", "configuration", CONFIG_FILE);
}

function asking(command: Command): Command {
  return withConfig(command)
    .option("--admin <address>", "unix:/path or 127.0.0.1:port, if not as configured")
    .option("--json", "print JSON");
}
