/** What an owner reads about the daemon: in one language, without what says nothing to a person. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { status } from "../../../daemon/commands/status.js";
import { controlSocketPath, runControlSocket } from "../../../daemon/local/control-socket.js";
import { createFakeTerminal } from "../../support/fake-terminal.js";
import { temporaryFolder } from "../../support/folder.js";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const SAID = {
  uplink: { lastEnd: "", lastWelcomeAtMs: 1_795_309_168_012 },
  averages: { releasedAtMs: 0, metrics: {} },
  reason: { de: "Es fehlen 5 Installationen.", en: "5 installations are missing." },
  vitals: [{ name: "heatpool_alarm_active", help: "Whether an alarm is on", value: 0 }],
  devices: [{ deviceId: "heatpump", newestAtMs: 1_795_309_210_000, readings: 0 }],
};

async function ask(options: object) {
  const folder = temporaryFolder();
  const config = join(folder, "heatpool.yaml");
  const lines = [
    "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
    `stateDir: ${join(folder, "state")}`,
    `runtimeDir: ${join(folder, "run")}`,
    "language: de",
  ];
  writeFileSync(config, lines.join("\n"));
  const stop = new AbortController();
  const control = { status: () => SAID } as never;
  const path = controlSocketPath(join(folder, "run"));
  await new Promise<void>((resolve) => {
    const done = runControlSocket({ path, control, onListening: resolve }, stop.signal);
    ends.push(() => {
      stop.abort();
      return done;
    });
  });
  const { terminal, lines: said } = createFakeTerminal();
  await status({ config, ...options }, terminal);
  return said.join("\n");
}

it("heatpool status is one page for a person, and everything as JSON", async () => {
  expect(await ask({})).toBe(
    [
      "isRunning: true",
      "uplink:",
      "  lastWelcomeAt: 2026-11-22T00:59:28.012Z",
      "reason: Es fehlen 5 Installationen.",
      "devices:",
      "  0:",
      "    deviceId: heatpump",
      "    newestAt: 2026-11-22T01:00:10.000Z",
      "    readings: 0",
    ].join("\n"),
  );
  expect(JSON.parse(await ask({ json: true }))).toEqual({ isRunning: true, ...SAID });
});
