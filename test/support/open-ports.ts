/** Which local TCP ports a process listens on, from /proc (Linux). */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** proc(5): state of a listening socket in `/proc/net/tcp`. */
const LISTENING = "0A";

export function openPorts(pid: number): number[] {
  const inodes = execFileSync("ls", ["-l", `/proc/${pid}/fd`], { encoding: "utf8" });
  const table = ["tcp", "tcp6"].map((name) => readFileSync(`/proc/${pid}/net/${name}`, "utf8"));
  return table
    .join("\n")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING && inodes.includes(`socket:[${fields[9]}]`))
    .map((fields) => Number.parseInt(fields[1]?.split(":")[1] ?? "", 16));
}
