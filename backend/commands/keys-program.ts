/** `heatpool-backend keys …`: names, options and help of the key ceremony. */
import type { Command } from "commander";
import { exportForSigning, importSigned, initKeys, rotateKey, showKeys } from "./keys-backend.js";
import { addKey, makeRootDraft, mergeFiles, signFile, signTargets } from "./keys-workstation.js";
import type { Machine } from "./machine.js";

const JSON_HELP = "print JSON";
const PASSPHRASE_HELP = "file that holds the passphrase; /dev/stdin is one";
const DAYS_HELP = "how long it is good";

/** @param withConfig adds the option that names the configuration */
export function addKeys(
  program: Command,
  machine: Machine,
  withConfig: (command: Command) => Command,
): void {
  const keys = program
    .command("keys")
    .description("the keys of the catalogue of models, and the ceremony that makes them");
  addBackendSide(keys, machine, withConfig);
  addWorkstationSide(keys, machine);
}

function addBackendSide(
  keys: Command,
  machine: Machine,
  withConfig: (command: Command) => Command,
): void {
  const here = (name: string) => withConfig(keys.command(name)).option("--json", JSON_HELP);
  here("init")
    .description("backend: make the keys that sign here, and write their public halves")
    .requiredOption("--out <file>", "public keys, for `keys root --public`")
    .action((options) => initKeys(machine, options));
  here("show")
    .description("backend: versions, dates and keys of all roles")
    .action((options) => showKeys(machine, options));
  here("export")
    .description("backend: write root, targets and the releases that wait, for the workstation")
    .requiredOption("--out <folder>", "where to")
    .action((options) => exportForSigning(machine, options));
  here("import <files...>")
    .description("backend: publish roots and targets that the workstation signed")
    .action((files, options) => importSigned(machine, files, options));
  here("rotate <role>")
    .description("backend: make a new snapshot, timestamp or director key for the next root")
    .requiredOption("--out <file>", "its public half, for `keys root --public`")
    .action((role, options) => rotateKey(machine, role, options));
}

function addWorkstationSide(keys: Command, machine: Machine): void {
  const there = (name: string) => keys.command(name).option("--json", JSON_HELP);
  there("add <role>")
    .description("workstation: make a root or targets key")
    .requiredOption("--dir <folder>", "where the two files go")
    .requiredOption("--name <name>", "<name>.key and <name>.pub")
    .option("--passphrase-file <file>", PASSPHRASE_HELP)
    .option("--plain", "no passphrase; the folder is locked away")
    .action((role, options) => addKey(machine, role, options));
  there("root")
    .description("workstation: prepare the first or the next root")
    .option("--from <file>", "the published root; left out: this is the first")
    .option("--public <files...>", "public keys that join", [])
    .option("--remove <keyids...>", "keys that go, by the beginning of their id", [])
    .option("--root-threshold <count>", "signatures that a root needs; 2 at least")
    .option("--targets-threshold <count>", "signatures that targets need")
    .option("--days <count>", DAYS_HELP)
    .requiredOption("--out <file>", "the draft, to be signed")
    .action((options) => makeRootDraft(machine, options));
  there("sign <file>")
    .description("workstation: add a signature to a draft, in place")
    .requiredOption("--key <file>", "the private key")
    .option("--passphrase-file <file>", PASSPHRASE_HELP)
    .option("--root <file>", "the root before it; for targets the published one")
    .action((file, options) => signFile(machine, file, options));
  there("merge <files...>")
    .description("workstation: bring signatures of several copies together")
    .option("--root <file>", "the root before it; for targets the published one")
    .requiredOption("--out <file>", "the file with all of them")
    .action((files, options) => mergeFiles(machine, files, options));
  there("sign-targets")
    .description("workstation: list new releases, revoke others, and sign")
    .requiredOption("--root <file>", "the published root")
    .option("--from <file>", "the published targets; left out: these are the first")
    .option("--add <files...>", "releases, as `keys export` wrote them", [])
    .option("--revoke <paths...>", "releases that must not be used any more", [])
    .option("--drop <paths...>", "old releases that nobody needs any more; 1,000 are listed", [])
    .requiredOption("--key <file>", "the private targets key")
    .option("--passphrase-file <file>", PASSPHRASE_HELP)
    .option("--days <count>", DAYS_HELP)
    .requiredOption("--out <file>", "the signed targets, for `keys import`")
    .action((options) => signTargets(machine, options));
}
