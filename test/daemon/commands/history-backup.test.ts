/** A backup of a house whose daemon runs: nobody has to stop it, and nothing waits in memory only. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createControl } from "../../../daemon/assembly/control.js";
import type { Rooms } from "../../../daemon/assembly/rooms.js";
import { backup, restore } from "../../../daemon/commands/backup.js";
import type { Terminal } from "../../../daemon/commands/terminal.js";
import type { History } from "../../../daemon/history/history.js";
import { openLevelHistory } from "../../../daemon/history/level-history.js";
import { createMemoryHistory } from "../../../daemon/history/memory-history.js";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { controlSocketPath, runControlSocket } from "../../../daemon/local/control-socket.js";
import { flowsOf, historyOptions, START_MS, snapshotAt } from "../../contract/history-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

function createHouse() {
  const folder = temporaryFolder();
  const config = join(folder, "heatpool.yaml");
  const lines = [
    "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
    `stateDir: ${join(folder, "state")}`,
    `runtimeDir: ${join(folder, "run")}`,
  ];
  writeFileSync(config, lines.join("\n"));
  mkdirSync(join(folder, "state"));
  const printed: string[] = [];
  const terminal = {
    print: (line: string) => printed.push(line),
    warn: (line: string) => printed.push(line),
    clock: createSystemClock(),
  } as unknown as Terminal;
  return { folder, config, terminal, printed };
}

/** The daemon's answers, of which only those about the history are asked for. */
async function withDaemon(
  folder: string,
  history: History | undefined,
  act: () => Promise<unknown>,
): Promise<void> {
  const control = createControl({ parts: {}, state: {}, self: {}, history } as unknown as Rooms);
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  await new Promise<void>((resolve) => {
    const path = controlSocketPath(join(folder, "run"));
    running = runControlSocket({ path, control, onListening: resolve }, stop.signal);
  });
  try {
    await act();
  } finally {
    stop.abort();
    await running;
  }
}

describe("the history of a running daemon", () => {
  it("is in the backup, also what has not reached the disk, and comes back as it was", async () => {
    const { folder, config, terminal, printed } = createHouse();
    const history = await createMemoryHistory(historyOptions(createFakeClock(START_MS)));
    for (let k = 0; k < 90; k++) history.record(snapshotAt(k));
    const out = join(folder, "backup.tar");
    await withDaemon(folder, history, () => backup({ config, out }, terminal));
    expect(printed).toContain("state/history.records");
    await restore({ config }, terminal, [out]);
    const at = join(folder, "state/history");
    const restored = await openLevelHistory(
      at,
      historyOptions(createFakeClock(START_MS)),
      (cause) => {
        throw cause;
      },
    );
    expect(await flowsOf(restored)).toEqual(await flowsOf(history));
    expect(await flowsOf(restored)).toHaveLength(90);
    const end = new AbortController();
    end.abort();
    await restored.run(end.signal);
  });

  it("is left out where the daemon keeps none", async () => {
    const { folder, config, terminal, printed } = createHouse();
    const out = join(folder, "backup.tar");
    await withDaemon(folder, undefined, () => backup({ config, out }, terminal));
    expect(printed).toEqual(["config/heatpool.yaml"]);
  });

  it("is not half of one when the daemon breaks off", async () => {
    const { folder, config, terminal } = createHouse();
    const history = await createMemoryHistory(historyOptions(createFakeClock(START_MS)));
    for (let k = 0; k < 90; k++) history.record(snapshotAt(k));
    await history.flush();
    const broken: History = {
      status: () => history.status(),
      oldestMs: () => history.oldestMs(),
      async *records() {
        yield* history.records();
        throw new Error("the disk broke");
      },
    } as unknown as History;
    const out = join(folder, "backup.tar");
    const failed = withDaemon(folder, broken, () => backup({ config, out }, terminal));
    await expect(failed).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
