/**
 * Real Modbus servers on an image of words: pymodbus (holes are exception 2) and libmodbus (holes
 * answer 0), both from Debian packages.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startPeer } from "./peer.js";

/** Address → word, the same for input and holding registers. */
export type Image = ReadonlyMap<number, number>;

/** A server that runs. */
export interface ModbusPeer {
  readonly port: number;
  stop(): Promise<void>;
}

const fileOf = (name: string) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

/** Starts pymodbus. @param folder for the image */
export async function startPymodbus(folder: string, image: Image): Promise<ModbusPeer> {
  const port = await freePort();
  const path = writeImage(folder, image, port);
  const args = [fileOf("pymodbus-server.py"), String(port), path];
  return { port, stop: await startPeer("/usr/bin/python3", args, port) };
}

/** Compiles the libmodbus server in `folder` and starts it. */
export async function startLibmodbus(folder: string, image: Image): Promise<ModbusPeer> {
  const program = compileC(folder, fileOf("libmodbus-server.c"));
  const port = await freePort();
  const path = writeImage(folder, image, port);
  return { port, stop: await startPeer(program, [String(port), path], port) };
}

/** Compiles a C file against libmodbus into `folder`; returns the program's path. */
export function compileC(folder: string, source: string): string {
  const flags = spawnSync("pkg-config", ["--cflags", "--libs", "libmodbus"], { encoding: "utf8" });
  const program = join(folder, basename(source, ".c"));
  const args = ["-O2", "-Wall", source, "-o", program, ...flags.stdout.trim().split(/\s+/)];
  const built = spawnSync("cc", args, { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`cc ${source}: ${built.stderr}`);
  return program;
}

function writeImage(folder: string, image: Image, port: number): string {
  const path = join(folder, `image-${port}`);
  writeFileSync(path, Array.from(image, ([address, word]) => `${address} ${word}\n`).join(""));
  return path;
}
