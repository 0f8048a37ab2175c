/** The history on LevelDB keeps the promise over restarts, and survives a damaged folder. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { History } from "../../../daemon/history/history.js";
import { openLevelHistory } from "../../../daemon/history/level-history.js";
import {
  flowsOf,
  historyContract,
  historyOptions,
  START_MS,
  snapshotAt,
} from "../../contract/history-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

let folder = "";
const fail = (cause: unknown) => {
  throw cause;
};
historyContract(
  "level history",
  (options) => {
    folder = join(temporaryFolder(), "history");
    return openLevelHistory(folder, options, fail);
  },
  (options) => openLevelHistory(folder, options, fail),
);

async function end(history: History): Promise<void> {
  const stop = new AbortController();
  stop.abort();
  await history.run(stop.signal);
}

describe("a history folder", () => {
  const options = () => historyOptions(createFakeClock(START_MS));

  it("is put aside when it does not open, and a new one begins", async () => {
    const at = join(temporaryFolder(), "history");
    const history = await openLevelHistory(at, options(), fail);
    history.record(snapshotAt(0));
    await end(history);
    writeFileSync(join(at, "CURRENT"), "nonsense");
    const lost: unknown[] = [];
    const again = await openLevelHistory(at, options(), (cause) => lost.push(cause));
    expect(lost).toHaveLength(1);
    expect(await flowsOf(again)).toEqual([]);
    again.record(snapshotAt(1));
    await end(again);
    expect(readdirSync(join(at, ".."))).toContain("history.damaged");
  });

  it("is refused by name while another process has it", async () => {
    const at = join(temporaryFolder(), "history");
    const history = await openLevelHistory(at, options(), fail);
    await expect(openLevelHistory(at, options(), fail)).rejects.toMatchObject({
      code: "STORE_LOCKED",
    });
    await end(history);
  });
});
