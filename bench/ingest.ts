/**
 * Readings that the backend takes in durably per CPU-second: over TLS, decoded, admitted, counted
 * into the rollups, written with a sync, and only then acknowledged. At the end the backend is
 * killed, started again, and its rows are counted: they must be exactly those acknowledged.
 *
 * The CPU that counts is the serving process's, user and system, from `/proc/<pid>/stat`; what the
 * load costs is not ours. The baseline is the earlier server's ingest.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuSecondsOf, type EarlierServer, startEarlierServer } from "./earlier-server.js";
import { type BenchOptions, measure, skipCase } from "./harness.js";
import { CONNECTIONS, deliver, makeLoad } from "./ingest-load.js";
import { countStore, type IngestServer, startIngestServer } from "./ingest-process.js";
import { isPackaged } from "./program-bed.js";

/** Rows per batch, and batches per stream and round: about a CPU-second of the server. */
const SPANS = [
  { rows: 5, batches: 600 },
  { rows: 60, batches: 250 },
  { rows: 1_440, batches: 40 },
] as const;
const CODINGS = [
  { name: "codec 0", codec: 0, isChained: false },
  { name: "codec 1", codec: 1, isChained: false },
  { name: "codec 2", codec: 2, isChained: false },
  { name: "codec 2 in a chain", codec: 2, isChained: true },
] as const;

/** A short run shows only that it works. */
const SHORT_SHARE = 0.1;

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  if (!isPackaged()) return skipCase("ingest", "backend", "npm run build");
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const server = await startIngestServer(folder);
  const earlier = await startEarlierServer();
  let acked = 0;
  try {
    for (const span of SPANS) {
      for (const coding of CODINGS) {
        acked += await compare({ server, earlier }, span, coding, options);
      }
    }
  } finally {
    await server.stop();
    await earlier.stop();
  }
  const found = countStore(folder);
  rmSync(folder, { recursive: true, force: true });
  assert.equal(found.snapshots, acked, "rows in the store after SIGKILL");
  assert.equal(found.totals.snapshotsStored, acked, "rows in the store's own count");
  console.error(`after SIGKILL and restart: ${found.snapshots} rows stored, ${acked} acknowledged`);
}

/** Measures one case. Resolves with the rows acknowledged in all its rounds. */
async function compare(
  { server, earlier }: { server: IngestServer; earlier: EarlierServer },
  span: (typeof SPANS)[number],
  coding: (typeof CODINGS)[number],
  options: BenchOptions,
): Promise<number> {
  const batches = Math.max(4, Math.round(span.batches * (options.short ? SHORT_SHARE : 1)));
  const load = makeLoad(span.rows, coding.codec, batches, coding.isChained);
  const cpuSeconds = () => cpuSecondsOf(server.child.pid);
  let acked = 0;
  await measure(
    {
      bench: "ingest",
      case: `stream, ${coding.name}, ${span.rows} rows`,
      unit: "M readings/CPU-s",
      better: "more",
      baseline: {
        name: earlier.name,
        estimated: earlier.estimated,
        round: () => earlier.rate(span.rows),
      },
      ours: async () => {
        const before = cpuSeconds();
        const rows = await deliver(load, coding.codec, server);
        assert.equal(rows, load.rows * CONNECTIONS, "rows acknowledged");
        acked += rows;
        return (load.readings * CONNECTIONS) / (cpuSeconds() - before) / 1e6;
      },
      cpuSeconds,
    },
    options,
  );
  return acked;
}
