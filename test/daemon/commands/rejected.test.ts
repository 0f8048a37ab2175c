/** What was set aside is in the owner's hands, whether the daemon runs or not. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Backlog } from "../../../daemon/backlog/backlog.js";
import { answerDeadLetters } from "../../../daemon/backlog/dead-letter-desk.js";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import { createMemoryBacklog } from "../../../daemon/backlog/memory-backlog.js";
import {
  dropRejected,
  listRejected,
  replayAll,
  replayRejected,
  showRejected,
} from "../../../daemon/commands/rejected-backlog.js";
import type { Terminal } from "../../../daemon/commands/terminal.js";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { controlSocketPath, runControlSocket } from "../../../daemon/local/control-socket.js";
import { countTo, optionsOf, snapshotOf } from "../../support/backlog-material.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

function createTerminal(): { terminal: Terminal; printed: string[] } {
  const printed: string[] = [];
  const terminal: Terminal = {
    print: (line) => printed.push(line),
    warn: () => undefined,
    writeBytes: () => undefined,
    ask: async () => undefined,
    setExitStatus: () => undefined,
    clock: createSystemClock(),
    chance: createChance(2),
    version: "0.1.0",
    self: ["node"],
    notifySocket: undefined,
    watchdogUsec: undefined,
    ending: new AbortController().signal,
  };
  return { terminal, printed };
}

/** Sets `letters` batches of one snapshot aside. */
async function fill(backlog: Backlog, letters: number): Promise<void> {
  const { epochId } = backlog.status();
  for (const k of countTo(letters)) {
    backlog.record(snapshotOf(k));
    await backlog.seal();
    const batch = { epochId, sequence: k + 1 };
    await backlog.retract(batch, "refused", `INVALID_ARGUMENT: ${k}`);
    await backlog.settleRetraction(batch, "voided");
  }
}

function writeConfig(folder: string): string {
  const file = join(folder, "heatpool.yaml");
  writeFileSync(
    file,
    [
      "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
      `stateDir: ${join(folder, "state")}`,
      `runtimeDir: ${join(folder, "run")}`,
    ].join("\n"),
  );
  return file;
}

describe("heatpool backlog rejected", () => {
  it("asks the running daemon: lists, shows, replays and drops", async () => {
    const folder = temporaryFolder();
    const config = writeConfig(folder);
    const backlog = await createMemoryBacklog(optionsOf(createFakeClock()));
    await fill(backlog, 3);
    const stop = new AbortController();
    let running: Promise<void> = Promise.resolve();
    await new Promise<void>((resolve) => {
      const control = {
        status: () => undefined,
        backlog: () => undefined,
        history: () => null,
        historyRecords: () => undefined,
        rejected: async (ask: Parameters<typeof answerDeadLetters>[1]) => ({
          rejected: await answerDeadLetters(backlog, ask),
        }),
        community: async () => undefined,
        enrol: async () => undefined,
        consentChanged: async () => undefined,
        erase: async () => undefined,
        recoveryCode: async () => undefined,
        async *ownData() {},
      };
      const path = controlSocketPath(join(folder, "run"));
      running = runControlSocket({ path, control, onListening: resolve }, stop.signal);
    });
    const { terminal, printed } = createTerminal();
    await listRejected({ config }, terminal);
    expect(printed.pop()?.split("\n")).toEqual([
      "number  from              to                snapshots  device    reason",
      "1       2026-11-01 00:00  2026-11-01 00:00  1          heatpump  refused  the backend refuses it",
      "2       2026-11-01 00:01  2026-11-01 00:01  1          heatpump  refused  the backend refuses it",
      "3       2026-11-01 00:02  2026-11-01 00:02  1          heatpump  refused  the backend refuses it",
    ]);
    await showRejected({ config }, terminal, ["2"]);
    expect(printed.pop()).toContain("said       INVALID_ARGUMENT: 1");
    await showRejected({ config, json: true }, terminal, ["3"]);
    expect(JSON.parse(printed.pop() ?? "")).toMatchObject({
      letters: [{ number: 3, reason: "refused", snapshots: 1 }],
      rows: [{ atMs: Date.UTC(2026, 10, 1, 0, 2), values: { temp_outdoor: 0.2 } }],
    });
    await expect(showRejected({ config }, terminal, ["9"])).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: expect.stringContaining("rejected list"),
    });
    await dropRejected({ config }, terminal, ["1"]);
    expect(printed.pop()).toBe("1 batch dropped; the loss ledger says so.");
    await replayRejected({ config, json: true }, terminal, ["2"]);
    expect(JSON.parse(printed.pop() ?? "")).toMatchObject({ count: 1, letters: [{ number: 3 }] });
    await replayAll({ config }, terminal);
    expect(printed.pop()).toBe("1 batch will be sent again with the next upload.");
    expect(backlog.status()).toMatchObject({ deadLetters: 0, snapshots: 2, lost: 1 });
    stop.abort();
    await running;
  });

  it("opens the backlog itself when no daemon runs", async () => {
    const folder = temporaryFolder();
    const config = writeConfig(folder);
    const directory = join(folder, "state", "backlog");
    const { terminal, printed } = createTerminal();
    await listRejected({ config }, terminal);
    expect(printed.pop()).toBe("Nothing was rejected.");
    const options = { ...optionsOf(createFakeClock()), directory };
    const backlog = await openLevelBacklog(options);
    await fill(backlog, 2);
    await backlog.close();
    await replayRejected({ config, json: true, all: true }, terminal, []);
    expect(JSON.parse(printed.pop() ?? "")).toEqual({ letters: [], count: 2 });
    const again = await openLevelBacklog(options);
    expect(again.status()).toMatchObject({ snapshots: 2, deadLetters: 0, unaccounted: 0 });
    await again.close();
  });

  it("wants numbers, or all, and no words", async () => {
    const { terminal } = createTerminal();
    const config = writeConfig(temporaryFolder());
    for (const words of [[], ["x"], ["0"]]) {
      await expect(dropRejected({ config }, terminal, words)).rejects.toMatchObject({
        code: "USAGE",
      });
    }
    await expect(dropRejected({ config, all: true }, terminal, ["1"])).rejects.toMatchObject({
      code: "USAGE",
    });
  });
});
