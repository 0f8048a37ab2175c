/** The history of an earlier logger out of a real VictoriaMetrics, written as that logger wrote it. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planCatalogueChannels } from "#core/batch/device-channels.js";
import { createMemoryHistory } from "../../daemon/history/memory-history.js";
import { readVictoriaExport } from "../../daemon/history/victoria-export.js";
import { historyOptions } from "../contract/history-contract.js";
import { createFakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { freePort, isPeerMissing, startPeer } from "../support/peer.js";

const START_MS = Date.UTC(2026, 9, 1, 22);
const MINUTE_MS = 60_000;
const ROWS = 200;

describe.skipIf(isPeerMissing("victoria-metrics"))("VictoriaMetrics", { timeout: 120_000 }, () => {
  it("gives every sample once, over midnight, and a second import adds nothing", async () => {
    const port = await freePort();
    const stop = await startPeer(
      "/usr/bin/victoria-metrics",
      [
        `-storageDataPath=${join(temporaryFolder(), "vm")}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        "-retentionPeriod=10y",
        "-memory.allowedPercent=5",
      ],
      port,
    );
    const url = `http://127.0.0.1:${port}`;
    try {
      const lines = Array.from({ length: ROWS }, (_, k) => {
        const fields = `temp_flow=${30 + (k % 50) / 10},compressor_state=${k % 2},odd=1`;
        return `heatpump_metrics,host=pi ${fields} ${(START_MS + k * MINUTE_MS) * 1_000_000}`;
      });
      const wrong = `heatpump_metrics,host=pi temp_flow=9999 ${(START_MS - MINUTE_MS) * 1_000_000}`;
      const written = await fetch(`${url}/write`, {
        method: "POST",
        body: [...lines, wrong].join("\n"),
      });
      expect(written.status).toBe(204);
      await (await fetch(`${url}/internal/force_flush`)).arrayBuffer();

      const history = await createMemoryHistory(historyOptions(createFakeClock(START_MS)));
      const range = { fromMs: START_MS - 3_600_000, toMs: START_MS + 86_400_000 };
      const question = { url, match: '{__name__=~"heatpump_.*"}', range, names: new Map() };
      const takeAll = async () => {
        let taken = 0;
        const faults: string[] = [];
        for await (const part of readVictoriaExport(question)) {
          faults.push(...part.faults.map(({ why }) => why));
          if (part.rows.length === 0) continue;
          const table = planCatalogueChannels(part.metrics);
          taken += await history.take("heatpump", part.rows, table);
        }
        return { taken, faults };
      };
      expect(await takeAll()).toEqual({
        taken: 2 * ROWS,
        faults: ["temp_flow: 9999 is outside -30 to 120"],
      });
      expect((await takeAll()).taken).toBe(0);
      const rows: unknown[] = [];
      for await (const { atMs, values } of history.rows({ deviceId: "heatpump" }, range)) {
        rows.push([atMs, values.get("temp_flow"), values.get("compressor_state")]);
      }
      expect(rows).toEqual(
        Array.from({ length: ROWS }, (_, k) => [
          START_MS + k * MINUTE_MS,
          Number((30 + (k % 50) / 10).toFixed(1)),
          k % 2,
        ]),
      );
    } finally {
      await stop();
    }
  });
});
