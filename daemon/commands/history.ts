/**
 * `heatpool history show|export` and `heatpool import`. A running daemon is asked; without one the
 * folder is read. An import needs the folder for itself.
 */
import { planCatalogueChannels } from "#core/batch/device-channels.js";
import { HeatpoolError } from "#core/errors.js";
import { findMetric } from "#core/measurement/metrics.js";
import { tableOf } from "../assembly/device-streams.js";
import { historyFolder } from "../assembly/open-history.js";
import type { HistoryRow } from "../history/history.js";
import { type ImportedPart, type ImportFault, readInstant } from "../history/import-rows.js";
import { giveToOwner } from "../host/state-file.js";
import {
  chooseDevice,
  closeHistory,
  openHistoryAlone,
  openHistorySource,
} from "./history-source.js";
import type { ContributionSum } from "./import-share.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

interface RangeOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly device?: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Faults that are told in full; the rest is counted. */
const FAULTS_SHOWN = 20;

export async function showHistory(options: RangeOptions, terminal: Terminal): Promise<void> {
  const setup = readSetup(options.config);
  const deviceId = chooseDevice(setup, options.device);
  const source = await openHistorySource(setup, terminal);
  try {
    const status = await source.status();
    const toMs = terminal.clock.nowMs();
    const sums = await summarise(source.rows(deviceId, { fromMs: toMs - DAY_MS, toMs }));
    if (options.json === true) {
      return terminal.print(
        JSON.stringify({ status, deviceId, lastDay: Object.fromEntries(sums) }, null, 2),
      );
    }
    const { bytes, limitBytes, oldestMs, lost, damaged } = status;
    const since = oldestMs === undefined ? "never" : new Date(oldestMs).toISOString();
    terminal.print(
      `since ${since}, ${bytes} of ${limitBytes} bytes, ${lost} rows lost, ${damaged} blocks damaged`,
    );
    terminal.print(`${deviceId}, last 24 hours: least, mean, greatest`);
    for (const [metric, { min, sum, max, count }] of sums) {
      const unit = findMetric(metric)?.unit ?? "";
      const three = [min, sum / count, max].map((value) => value.toFixed(2)).join(" ");
      terminal.print(`  ${metric} ${three} ${unit} (${count})`.trimEnd());
    }
  } finally {
    await source.close();
  }
}

async function summarise(rows: AsyncIterable<HistoryRow>) {
  const sums = new Map<string, { min: number; max: number; sum: number; count: number }>();
  for await (const { values } of rows) {
    for (const [metric, value] of values) {
      const before = sums.get(metric) ?? { min: value, max: value, sum: 0, count: 0 };
      sums.set(metric, {
        min: Math.min(before.min, value),
        max: Math.max(before.max, value),
        sum: before.sum + value,
        count: before.count + 1,
      });
    }
  }
  return sums;
}

/** One line per instant: time, device, then a column per metric. */
export async function exportHistory(
  options: RangeOptions & { readonly metrics?: string },
  terminal: Terminal,
): Promise<void> {
  if (options.json === true) throw new HeatpoolError("USAGE", "history is exported as CSV only");
  const setup = readSetup(options.config);
  const chosen = options.device === undefined ? undefined : chooseDevice(setup, options.device);
  const devices = setup.devices.filter(
    ({ config }) => chosen === undefined || config.deviceId === chosen,
  );
  const metrics = chooseMetrics(
    options.metrics,
    devices.flatMap((one) => tableOf(one).channels.map(({ metric }) => metric)),
  );
  const source = await openHistorySource(setup, terminal);
  try {
    const { oldestMs } = await source.status();
    const range = {
      fromMs: parseInstant("--from", options.from) ?? oldestMs ?? 0,
      toMs: parseInstant("--to", options.to) ?? terminal.clock.nowMs() + 1,
    };
    terminal.print(["time", "device", ...metrics].join(","));
    if (oldestMs === undefined) return;
    range.fromMs = Math.max(range.fromMs, oldestMs - HOUR_MS);
    for (const { config } of devices) {
      for await (const { atMs, values } of source.rows(config.deviceId, range)) {
        if (terminal.ending.aborted) throw new HeatpoolError("INTERRUPTED", "the export is a part");
        const cells = metrics.map((metric) => values.get(metric) ?? "");
        if (cells.every((cell) => cell === "")) continue;
        terminal.print([new Date(atMs).toISOString(), config.deviceId, ...cells].join(","));
      }
    }
  } finally {
    await source.close();
  }
}

interface ImportOptions extends RangeOptions {
  readonly map?: string;
  readonly share?: boolean;
}

export async function importCsv(
  options: ImportOptions & { readonly time?: string },
  terminal: Terminal,
  [file = ""]: readonly string[],
): Promise<void> {
  const { readCsvHistory } = await import("../history/csv-history.js");
  const names = parseNames(options.map);
  await takeAll(readCsvHistory(file, { names, timeColumn: options.time }), options, terminal);
}

export async function importVictoria(
  options: ImportOptions & { readonly match?: string },
  terminal: Terminal,
  [url = ""]: readonly string[],
): Promise<void> {
  if (!/^https?:\/\/\S+$/.test(url)) {
    throw new HeatpoolError("USAGE", `${url}: needs the address, e.g. http://127.0.0.1:8428`);
  }
  const { readVictoriaExport } = await import("../history/victoria-export.js");
  const toMs = parseInstant("--to", options.to) ?? terminal.clock.nowMs();
  const fromMs = parseInstant("--from", options.from);
  if (fromMs === undefined) throw new HeatpoolError("USAGE", "needs --from, e.g. 2024-10-01");
  const match = options.match ?? '{__name__=~"heatpump_.*"}';
  const question = { url, match, range: { fromMs, toMs }, names: parseNames(options.map) };
  await takeAll(readVictoriaExport(question), options, terminal);
}

async function takeAll(
  parts: AsyncIterable<ImportedPart>,
  options: ImportOptions,
  terminal: Terminal,
): Promise<void> {
  const setup = readSetup(options.config);
  const deviceId = chooseDevice(setup, options.device);
  const wish = options.share === true ? await import("./import-share.js") : undefined;
  const contribution = await wish?.openContribution(setup, terminal, deviceId);
  const history = await openHistoryAlone(setup, terminal);
  const total = { rows: 0, values: 0, faults: 0 };
  let sharing: ContributionSum | undefined;
  let isWhole = true;
  try {
    for await (const { rows, metrics, faults } of parts) {
      isWhole = !terminal.ending.aborted;
      if (!isWhole) break;
      for (const fault of faults) tellFault(fault, total.faults++, terminal);
      if (rows.length === 0) continue;
      total.rows += rows.length;
      total.values += await history.take(deviceId, rows, planCatalogueChannels(metrics));
      await contribution?.take(rows, metrics);
    }
  } finally {
    await closeHistory(history);
    giveToOwner(historyFolder(setup.config));
    sharing = await contribution?.close();
  }
  if (options.json === true) terminal.print(JSON.stringify({ deviceId, ...total, sharing }));
  else tellTotal({ deviceId, ...total, sharing }, terminal);
  if (isWhole && total.rows > 0) return;
  if (isWhole)
    throw new HeatpoolError("NOT_FOUND", "there was no row that could be taken in", {
      hint: "The lines above say what is wrong with rows; without any, there are none.",
    });
  throw new HeatpoolError("INTERRUPTED", "not all of it was taken in", {
    hint: "Repeat it: what is there already counts once.",
  });
}

/** What became of an import. */
interface ImportSum {
  readonly deviceId: string;
  readonly rows: number;
  readonly values: number;
  readonly faults: number;
  readonly sharing: ContributionSum | undefined;
}

function tellTotal({ deviceId, rows, values, faults, sharing }: ImportSum, to: Terminal): void {
  to.print(`${deviceId}: ${rows} rows read, ${values} values new, ${faults} passed over`);
  if (sharing !== undefined) tellSharing(sharing, to);
}

function tellSharing(sum: ContributionSum, { print }: Terminal): void {
  const { shared, known, live, old, waiting } = sum;
  print(`${shared} rows wait to be shared; they go out beside what is read from here on`);
  if (known > 0) print(`  ${known} not: a row of that minute is shared already`);
  if (live > 0) print(`  ${live} not: since you agreed, the daemon shares what it reads itself`);
  if (old > 0) print(`  ${old} not: older than the backend keeps`);
  if (waiting > 0) {
    print(`  ${waiting} not yet: the backlog is half full; repeat this when it was sent`);
  }
}

function tellFault({ place, why }: ImportFault, before: number, { warn }: Terminal): void {
  if (before < FAULTS_SHOWN) warn(`${place}: ${why}`);
  else if (before === FAULTS_SHOWN) warn("… and more, which are only counted");
}

function chooseMetrics(list: string | undefined, usual: readonly string[]): readonly string[] {
  if (list === undefined) return [...new Set(usual)];
  const names = list.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => findMetric(name) === undefined);
  if (unknown.length === 0) return names;
  throw new HeatpoolError("USAGE", `--metrics: ${unknown.join(", ")} unknown`, {
    hint: "See docs/metrics.md.",
  });
}

function parseInstant(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const atMs = readInstant(text);
  if (atMs !== undefined) return atMs;
  throw new HeatpoolError("USAGE", `${option} ${text}: no time; try 2024-10-01T12:00:00Z`);
}

/** `theirs=ours,…` */
function parseNames(text = ""): ReadonlyMap<string, string> {
  return new Map(
    text.split(",").flatMap((pair) => {
      if (pair.trim() === "") return [];
      const [theirs = "", ours = ""] = pair.split("=").map((name) => name.trim());
      if (findMetric(ours) !== undefined) return [[theirs, ours] as const];
      throw new HeatpoolError("USAGE", `--map ${pair}: needs theirs=ours with a known metric`);
    }),
  );
}
