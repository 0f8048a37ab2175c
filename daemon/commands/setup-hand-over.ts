/**
 * The setup for the daemon, read by a process of its own that ends: YAML and its checks would stay
 * in the daemon's memory for good (14 MB of 73 on x86-64, Node 20.20, with the iDM profile). It
 * costs 0.4 s at start. Only our own program writes what is read here.
 */
import { execFile } from "node:child_process";
import { deserialize, serialize } from "node:v8";
import { type ErrorCode, HeatpoolError } from "#core/errors.js";
import type { Setup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** Name of the command; not shown in the help. */
export const HAND_OVER = "hand-over-setup";

/** What goes from one process to the other. */
type HandedOver =
  | { readonly setup: Setup }
  | { readonly fault: { code: ErrorCode; message: string; hint: string | undefined } };

/** Sixteen devices with the largest profile stay far below. */
const BYTES_MAX = 64 * 1024 * 1024;
/** A Pi takes two seconds; one that is busy with its boot, or emulated, far longer. */
const TIME_MAX_MS = 300_000;

/** The process that reads. */
export async function handOverSetup(options: CommonOptions, terminal: Terminal): Promise<void> {
  const { readSetup } = await import("./setup.js");
  const read = (): HandedOver => {
    try {
      return { setup: readSetup(options.config) };
    } catch (fault) {
      if (!(fault instanceof HeatpoolError)) throw fault;
      return { fault: { code: fault.code, message: fault.message, hint: fault.hint } };
    }
  };
  terminal.writeBytes(serialize(read()));
}

/**
 * The process that needs it.
 *
 * @throws HeatpoolError what `readSetup` throws
 */
export async function receiveSetup(options: CommonOptions, terminal: Terminal): Promise<Setup> {
  const [program, ...args] = terminal.self;
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const more = { encoding: "buffer", maxBuffer: BYTES_MAX, timeout: TIME_MAX_MS } as const;
    const call = [...args, HAND_OVER, "--config", options.config];
    execFile(program, call, more, (fault, stdout, stderr) => {
      if (fault === null) resolve(stdout);
      else reject(new Error(`reading the setup: ${stderr.toString()}`, { cause: fault }));
    });
  });
  const handed = deserialize(bytes) as HandedOver;
  if ("setup" in handed) return handed.setup;
  const { code, message, hint } = handed.fault;
  throw new HeatpoolError(code, message, hint === undefined ? {} : { hint });
}
