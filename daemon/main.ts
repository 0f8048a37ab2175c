#!/usr/bin/env node
/**
 * The program `heatpool`: argv becomes a command, errors become an exit status. The only reader of
 * `process.argv` and `process.env`. Each command is loaded when it is called, so that the daemon
 * holds nothing that it does not need.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { HeatpoolError, toRefusal } from "#core/errors.js";
import { DESCRIBE, describeCommands } from "./commands/command-tree.js";
import { collect } from "./commands/profile-options.js";
import type { ReplayOptions } from "./commands/replay.js";
import { HAND_OVER } from "./commands/setup-hand-over.js";
import { CONFIG_FILE, type CommonOptions, type Terminal } from "./commands/terminal.js";
import { readVersion } from "./host/package-file.js";
import { createSystemClock } from "./host/system-clock.js";

/** sysexits.h: a mistake in the command line; an error of ours that nobody foresaw; no output. */
const EXIT_USAGE = 64;
const EXIT_SOFTWARE = 70;
const EXIT_OUTPUT = 74;
/** 128 and the number of SIGINT, as shells say it. */
const EXIT_INTERRUPTED = 130;

// Whoever reads along may go first: a pager, or a journal that restarts. The work goes on unread.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code !== "EPIPE") process.exitCode = EXIT_OUTPUT;
  });
}

// Without a listener this signal opens Node's debugger on a port.
process.on("SIGUSR1", () => undefined);

const ending = new AbortController();
process.on("SIGTERM", () => ending.abort());
process.on("SIGINT", interrupt);

/** The first time everything is put in order; who asks again does not wait for that. */
function interrupt(): void {
  if (ending.signal.aborted) process.exit(EXIT_INTERRUPTED);
  ending.abort();
}

const terminal: Terminal = {
  print: (line) => console.log(line),
  warn: (line) => console.error(line),
  writeBytes: (bytes) => process.stdout.write(bytes),
  async ask(question) {
    if (!process.stdin.isTTY) return undefined;
    const dialogue = createInterface({ input: process.stdin, output: process.stdout });
    const left = new AbortController();
    dialogue.once("close", () => left.abort());
    // A terminal that is read line by line sends Ctrl-C as a letter; Ctrl-D only closes.
    dialogue.once("SIGINT", interrupt);
    ending.signal.addEventListener("abort", () => dialogue.close(), { once: true });
    try {
      return await dialogue.question(question, { signal: left.signal });
    } catch (fault) {
      if (ending.signal.aborted) throw new HeatpoolError("INTERRUPTED", "nothing was answered");
      if (left.signal.aborted) return undefined;
      throw fault;
    } finally {
      dialogue.close();
    }
  },
  ...(process.stderr.isTTY && { progress: (line: string) => console.error(line) }),
  setExitStatus(status) {
    process.exitCode = status;
  },
  clock: createSystemClock(),
  chance: (byteCount) => randomBytes(byteCount),
  version: readVersion(),
  language: /^de/.test(process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || "")
    ? "de"
    : "en",
  self: [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)],
  credential(name) {
    const folder = process.env.CREDENTIALS_DIRECTORY;
    return folder === undefined ? undefined : join(folder, name);
  },
  grpcTrace: (name) => process.env[name],
  notifySocket: process.env.NOTIFY_SOCKET,
  watchdogUsec: process.env.WATCHDOG_USEC,
  ending: ending.signal,
};

type Run<Options> = (
  options: Options,
  terminal: Terminal,
  words: readonly string[],
) => Promise<void>;

/** A command with the options that all have. */
function add<Options extends CommonOptions>(
  parent: Command,
  name: string,
  about: string,
  load: () => Promise<Run<Options>>,
  isHidden = false,
): Command {
  return parent
    .command(name, { hidden: isHidden })
    .description(about)
    .option("-c, --config <file>", "configuration file", CONFIG_FILE)
    .option("--json", "print JSON")
    .action(async (...given: readonly unknown[]) => {
      // The arguments, then the options and the command.
      const [options] = given.slice(-2) as [Options];
      const words = given.slice(0, -2).flat() as string[];
      await (await load())(options, terminal, words);
    });
}

async function createProgram(wanted: string | undefined): Promise<Command> {
  const program = new Command("heatpool")
    .description("Reads heat pumps and, if you agree, shares what it read with a community")
    .version(terminal.version)
    // What stands behind `alarms answer` belongs to `answer`.
    .enablePositionalOptions()
    .showHelpAfterError("(--help shows what can be done)")
    .exitOverride();
  add(program, "run", "read the heat pumps until told to stop", async () => {
    return (await import("./commands/run.js")).run;
  });
  add(program, "read", "read every heat pump once and show the values", async () => {
    return (await import("./commands/read.js")).read;
  })
    .option("--device <id>", "only this one")
    .option("--all", "also what is never shared");
  add(program, "status", "how the daemon is doing", async () => {
    return (await import("./commands/status.js")).status;
  }).option("--community", "also ask the backend about the pool and the averages");
  add(program, "install", "put the service in place, for users of npm", async () => {
    return (await import("./commands/install.js")).install;
  }).option("--root <folder>", "into this folder, as for an image; starts nothing");
  addSetUp(program);
  add(
    program,
    "backup",
    "keep what cannot be made again: configuration, identity, consent, history",
    async () => {
      return (await import("./commands/backup.js")).backup;
    },
  )
    .requiredOption("--out <file>", "a tar archive; it holds no keys and no models")
    .option("--no-history", "without the house's own values");
  add(program, "restore", "bring a backup back onto an empty machine", async () => {
    return (await import("./commands/backup.js")).restore;
  })
    .argument("<file>", "what `backup` wrote")
    .option("--no-history", "without the values that are in it");
  add(program, "doctor", "what is wrong, and what to do about it", async () => {
    return (await import("./commands/doctor.js")).doctor;
  }).option("--language <de|en>", "language of the sentences");
  const consent = program.command("consent").description("what may be shared");
  add(consent, "show", "the text, and what was agreed to", async () => {
    return (await import("./commands/consent.js")).showConsent;
  }).option("--language <de|en>", "language of the text");
  add(consent, "grant", "agree to share", async () => {
    return (await import("./commands/consent.js")).grantConsent;
  })
    .option("--scopes <list>", "further purposes: model_training,community_stats,commercial_use")
    .option("--language <de|en>", "language of the text")
    .option("--yes", "agree without being asked; the text is shown by `consent show`");
  add(consent, "withdraw", "stop sharing at once and wipe what waits", async () => {
    return (await import("./commands/consent.js")).withdrawConsent;
  });
  add(program, "enrol", "become an installation of the configured backend", async () => {
    return (await import("./commands/enrol.js")).enrol;
  })
    .option(
      "--backend <host:port>",
      "where the backend takes installations in, if not as configured",
    )
    .option("--claim-token <token>", "the token that the operator gave out")
    .option("--claim-token-file <file>", "a file that holds it");
  const identity = program.command("identity").description("this machine's key and certificate");
  add(
    identity,
    "show",
    "who this installation is, and until when its certificate is good",
    async () => {
      return (await import("./commands/enrol.js")).showIdentity;
    },
  );
  const rights = program.command("privacy").description("what is known about you, and its end");
  const privacy = () => import("./commands/privacy.js");
  add(rights, "export", "write everything that is kept, here and at the backend", async () => {
    return (await privacy()).exportPrivate;
  }).option("--out <file>", "a new file, one JSON record a line");
  add(rights, "erase", "erase everything, here and at the backend", async () => {
    return (await privacy()).erase;
  }).option("--yes", "without being asked");
  const code = rights.command("recovery-code").description("erasing when this machine is gone");
  add(code, "show", "why it cannot be shown again", async () => (await privacy()).showRecoveryCode);
  add(code, "renew", "another one in its place", async () => (await privacy()).renewCode);
  add(program, "purge", "make this machine as it was before its first start", async () => {
    return (await import("./commands/purge.js")).purge;
  }).option("--yes", "without being asked");
  const backlog = program.command("backlog").description("what waits to be sent");
  add(backlog, "show", "how much waits, and what became of the rest", async () => {
    return (await import("./commands/show-backlog.js")).showBacklog;
  });
  add(backlog, "losses", "what was not delivered, and why", async () => {
    return (await import("./commands/show-backlog.js")).showLosses;
  });
  const model = program.command("model").description("community models on this machine");
  add(model, "show", "which are installed, and until when they may be used", async () => {
    return (await import("./commands/model.js")).showModels;
  });
  const ofDevice = ["--device <id>", "only this one; left out: all"] as const;
  const local = async () => (await import("./commands/model-local.js")).askModel;
  add(model, "explain", "what is expected of each device, measured, and learnt of it", async () => {
    return (await local())("explain");
  }).option(...ofDevice);
  add(model, "relearn", "learn this house's own model from its past, now", async () => {
    return (await local())("relearn");
  }).option(...ofDevice);
  add(model, "reset", "forget what this house learnt, and the rows it learnt from", async () => {
    return (await local())("reset");
  }).option(...ofDevice);
  add(model, "rollback", "use this house's own model before the present one", async () => {
    return (await local())("rollback");
  }).option(...ofDevice);
  const alarms = add(
    program,
    "alarms",
    "what departs from normal, and what it could be",
    async () => {
      return (await import("./commands/alarms.js")).listAlarms;
    },
  )
    .option("--all", "also what is over")
    .enablePositionalOptions();
  add(alarms, "answer", "say what an alarm was", async () => {
    return (await import("./commands/alarms.js")).answerAlarm;
  })
    .argument("<number>", "as `alarms` says")
    .argument(
      "<fault|changed|fine|serviced>",
      "a real fault, something you changed, no problem, or cleaned and mended today",
    );
  add(alarms, "changed", "you changed settings: nothing is told for three days", async () => {
    return (await import("./commands/alarms.js")).noteDone("changed");
  }).option(...ofDevice);
  add(alarms, "serviced", "it was cleaned or mended: slow change is counted anew", async () => {
    return (await import("./commands/alarms.js")).noteDone("serviced");
  }).option(...ofDevice);
  add<ReplayOptions>(
    program,
    "replay",
    "recorded polls through the live way, and their alarms",
    async () => {
      return (await import("./commands/replay.js")).replay;
    },
  )
    .requiredOption(
      "--from <file|history>",
      "a CSV file, also .gz: timestamp and metrics; or history",
    )
    .option("--device <id>", "whose history, where there are several")
    .option("--model <file>", "watch with this model; left out: learn one first")
    .option("--learn-days <days>", "days to learn from before watching", "75")
    .option("--speed <max>", "as fast as it goes", "max")
    .option("--language <de|en>", "language of the alarms");
  const rejected = backlog
    .command("rejected")
    .description("what was set aside because it cannot be delivered");
  const desk = () => import("./commands/rejected-backlog.js");
  add(rejected, "list", "what is kept aside, and why", async () => (await desk()).listRejected);
  add(rejected, "show", "one of them with its values", async () => {
    return (await desk()).showRejected;
  }).argument("<number>", "as `list` says");
  add(rejected, "replay", "send them again under new numbers", async () => {
    return (await desk()).replayRejected;
  })
    .argument("[numbers...]", "as `list` says")
    .option("--all", "all of them");
  add(rejected, "drop", "give them up; the loss ledger says so", async () => {
    return (await desk()).dropRejected;
  })
    .argument("[numbers...]", "as `list` says")
    .option("--all", "all of them");
  add(backlog, "replay", "send everything again that was set aside", async () => {
    return (await desk()).replayAll;
  });
  addHistory(program);
  const notices = program.command("notify").description("how you are told");
  add(notices, "test", "send one message by every channel", async () => {
    return (await import("./commands/notify.js")).testNotify;
  }).option("--channel <name>", "only by this one");
  const handOver = async () => (await import("./commands/setup-hand-over.js")).handOverSetup;
  add(program, HAND_OVER, "for the daemon itself", handOver, true);
  const describe = async () => terminal.print(JSON.stringify(describeCommands(program)));
  add(program, DESCRIBE, "for the manual page", async () => describe, true);
  if (wanted === "profile" || wanted === DESCRIBE) await addProfile(program);
  else program.command("profile").description("profiles of heat pumps, and tools for writing one");
  return program;
}

/** The house's own values, and those of an earlier logger. */
function addHistory(program: Command): void {
  const load = () => import("./commands/history.js");
  const history = program.command("history").description("the house's own values");
  add(
    history,
    "show",
    "how large it is, and the last day",
    async () => (await load()).showHistory,
  ).option("--device <id>", "which heat pump, where there are several");
  add(history, "export", "write it to standard output", async () => (await load()).exportHistory)
    .option("--csv", "as CSV, which is the only form")
    .option("--from <time>", "ISO 8601 or Unix seconds; the oldest when it is left out")
    .option("--to <time>", "up to before this time")
    .option("--device <id>", "only this heat pump")
    .option("--metrics <list>", "only these, with commas");
  const share = ["--share", "also contribute it, where you agreed to sharing"] as const;
  const imports = program.command("import").description("take in what an earlier logger kept");
  add(imports, "csv", "from a file: a column with the time, one per metric", async () => {
    return (await load()).importCsv;
  })
    .argument("<file>", "CSV with a header line")
    .option("--time <column>", "column with the time")
    .option("--map <theirs=ours,...>", "columns by other names")
    .option("--device <id>", "which heat pump, where there are several")
    .option(...share);
  add(imports, "victoriametrics", "from a VictoriaMetrics, by its export", async () => {
    return (await load()).importVictoria;
  })
    .argument("<url>", "e.g. http://127.0.0.1:8428")
    .requiredOption("--from <time>", "ISO 8601 or Unix seconds")
    .option("--to <time>", "up to before this time; now when it is left out")
    .option("--match <selector>", "which series")
    .option("--map <theirs=ours,...>", "series by other names")
    .option("--device <id>", "which heat pump, where there are several")
    .option(...share);
}

function addSetUp(program: Command): void {
  const setUp = async () => (await import("./commands/set-up.js")).setUp;
  add(
    program,
    "setup",
    "find the heat pump, show a reading, and begin; asks what is not told",
    setUp,
  )
    .option("--host <address>", "the heat pump or its gateway")
    .option("--find", "look for Modbus devices in this network")
    .option("--port <number>", "the profile's unless told")
    .option("--unit <number>", "unit id, the profile's unless told")
    .option("--profile <name>", "what it is; the device is asked unless told")
    .option("--parameters <name=a,b>", "what the house has; may be repeated", collect, [])
    .option("--backend <host:port|none>", "with whom to share")
    .option("--ca-file <file>", "certificates of the backend")
    .option("--claim-token-file <file>", "the token that its operator gave out")
    .option("--consent <yes|no>", "the answer to the text of `heatpool consent show`")
    .option("--scopes <list>", "further purposes: model_training,community_stats,commercial_use")
    .option("--no-service", "leave the service alone")
    .option("--language <de|en>", "language of the questions");
}

/** Profile commands bring YAML and its checks with them. */
async function addProfile(program: Command): Promise<void> {
  const [{ addProfileCommands }, { createProfileStore, OWN_PROFILES, packagedProfiles }] =
    await Promise.all([import("./commands/profile.js"), import("./profile/profile-store.js")]);
  const packaged = packagedProfiles();
  addProfileCommands(program, {
    store: createProfileStore([OWN_PROFILES, packaged]),
    write: (text) => process.stdout.write(text),
    note: (line) => process.stderr.write(`${line}\n`),
    setExitStatus: terminal.setExitStatus,
    clock: terminal.clock,
    ending: terminal.ending,
    packaged,
  });
}

/** Says what is wrong and what can be done about it. */
function report(fault: unknown): void {
  if (fault instanceof CommanderError) {
    process.exitCode = fault.exitCode === 0 ? 0 : EXIT_USAGE;
    return;
  }
  const known = fault instanceof HeatpoolError ? fault : toRefusal(fault);
  if (known === undefined) console.error(fault);
  else console.error(`${known.code}: ${known.message}`);
  if (known?.hint !== undefined) console.error(known.hint);
  process.exitCode = known?.exitStatus ?? EXIT_SOFTWARE;
}

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (fault) {
  report(fault);
}
