/** Both programs tell systemd how they are, over its own socket and its own program. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import * as backend from "../../backend/host/systemd-notify.js";
import * as daemon from "../../daemon/host/systemd-notify.js";
import { createFakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";

/** Binds the socket as systemd does, says `bound`, then one line per message. */
const LISTENER = [
  "import socket, sys",
  "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
  "s.bind(sys.argv[1])",
  "print('bound', flush=True)",
  "while True: print(s.recv(4096).decode().replace(chr(10), ' ').strip(), flush=True)",
].join("\n");

const isHere = existsSync("/usr/bin/systemd-notify") && existsSync("/usr/bin/python3");

describe.skipIf(!isHere)("what systemd hears", () => {
  it.each([
    ["the daemon", daemon.createNotify],
    ["the backend", backend.createNotify],
  ])("of %s is what was said", async (_, createNotify) => {
    const path = join(temporaryFolder(), "notify.sock");
    const listener = spawn("/usr/bin/python3", ["-c", LISTENER, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: listener.stdout });
    const [bound] = await once(lines, "line");
    expect(bound).toBe("bound");
    const said = once(lines, "line");
    createNotify(path)("READY=1");
    expect((await said)[0]).toContain("READY=1");
    const gone = once(listener, "exit");
    listener.kill("SIGKILL");
    await gone;
  });
});

describe("the backend's watchdog", () => {
  it("is fed twice as often as systemd looks, until the end", async () => {
    const clock = createFakeClock();
    const said: string[] = [];
    const stop = new AbortController();
    const notify = (...assignments: string[]) => said.push(...assignments);
    const feeding = backend.runWatchdog({ notify, clock, watchdogMs: 60_000 }, stop.signal);
    await clock.advance(120_000);
    stop.abort();
    await feeding;
    expect(said).toEqual(Array(5).fill("WATCHDOG=1"));
  });
});
