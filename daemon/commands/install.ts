/**
 * `heatpool install`: the units, the user and the folders, for people who got the program from npm.
 * Asks nothing, and refuses where it could do only half of it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { packageFolder } from "../host/package-file.js";
import { fitUnit, PLAN } from "./installation-plan.js";
import type { CommonOptions, Terminal } from "./terminal.js";

interface InstallOptions extends CommonOptions {
  /** Puts the files below this folder and starts nothing, as for an image. */
  readonly root?: string;
}

const PACKAGED_UNIT = "/usr/lib/systemd/system/heatpool.service";
const SAYS = {
  en: { written: "written", kept: "kept as it is", next: "Next: `heatpool setup`." },
  de: { written: "geschrieben", kept: "unverändert", next: "Als Nächstes: `heatpool setup`." },
} as const;

/** @throws HeatpoolError `PERMISSION_DENIED` without root · `STATE_INVALID` beside the package */
export async function install(options: InstallOptions, terminal: Terminal): Promise<void> {
  const { root = "/" } = options;
  if (process.getuid?.() !== 0 && root === "/") {
    throw new HeatpoolError("PERMISSION_DENIED", "installing the service needs root", {
      hint: "Run `sudo heatpool install`.",
    });
  }
  if (existsSync(join(root, PACKAGED_UNIT))) {
    throw new HeatpoolError(
      "STATE_INVALID",
      "the Debian package has installed the service already",
      {
        hint: "Run `heatpool setup`; or remove the package first.",
      },
    );
  }
  const lib = `${packageFolder()}/`;
  const where = { node: realpathSync(process.execPath), lib };
  const texts = PLAN.map(({ source }) => {
    const text = readFileSync(join(lib, "systemd", source), "utf8");
    return source.endsWith(".service") ? fitUnit(text, where) : text;
  });
  const says = SAYS[terminal.language ?? "en"];
  for (const [at, { path, isKept }] of PLAN.entries()) {
    const target = join(root, path);
    const stays = isKept && existsSync(target);
    if (!stays) write(target, texts[at] ?? "");
    terminal.print(`${target}: ${stays ? says.kept : says.written}`);
  }
  mkdirSync(join(root, "/etc/heatpool/profiles"), { recursive: true });
  if (root === "/") activate();
  terminal.print(says.next);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o644 });
}

function activate(): void {
  const steps: readonly (readonly [string, ...string[]])[] = [
    ["systemd-sysusers", "/etc/sysusers.d/heatpool.conf"],
    ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/heatpool.conf"],
    ["systemctl", "daemon-reload"],
  ];
  for (const [program, ...args] of steps) {
    try {
      execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    } catch (cause) {
      throw new HeatpoolError("UNAVAILABLE", `${program} ${args.join(" ")} failed`, {
        cause,
        hint: "heatpool's service needs systemd; without it start `heatpool run` yourself.",
      });
    }
  }
}
