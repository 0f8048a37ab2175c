/** What the engines of the configuration are worth, for the doctor; nothing is made or changed. */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { checkSharedFolder } from "../catalogue/shared-folder.js";
import type { Config, Places } from "../config.js";
import type { EngineFact } from "../operation/doctor.js";
import { inspectPostgres, type Queryable } from "../registry/postgres-database.js";
import { openSeries, postgresUrl } from "./engines.js";
import { listSharedFolders } from "./open-models.js";

/** Oldest VictoriaMetrics that this is tried with: the one of Debian 12. */
const SERIES_TRIED = [1, 79] as const;

export async function examineEngines(parts: {
  readonly config: Config;
  readonly places: Places;
  readonly clock: Clock;
}): Promise<EngineFact[]> {
  const { config } = parts;
  return [
    ...(config.registry.engine === "postgresql" ? await examinePostgres(parts) : []),
    ...(config.store.engine === "victoriametrics" ? [await examineSeries(parts)] : []),
  ];
}

async function examinePostgres({
  config,
  places,
}: {
  config: Config;
  places: Places;
}): Promise<EngineFact[]> {
  const facts: EngineFact[] = [];
  const look = async (database: Queryable): Promise<void> => {
    facts.push(await examineFolders(database, places));
  };
  try {
    const url = postgresUrl({ config, places });
    const { version, hasTables } = await inspectPostgres({ url }, look);
    const tables = hasTables ? "its tables are there" : "the first start makes its tables";
    const text = `PostgreSQL ${version} keeps what it is given; ${tables}.`;
    return [{ engine: "postgresql", verdict: "good", text }, ...facts];
  } catch (fault) {
    return [toBad("postgresql", fault)];
  }
}

async function examineFolders(database: Queryable, places: Places): Promise<EngineFact> {
  try {
    for (const folder of listSharedFolders(places)) await checkSharedFolder(database, folder);
    const text = "Catalogue and models are those of the other processes.";
    return { engine: "shared folders", verdict: "good", text };
  } catch (fault) {
    return toBad("shared folders", fault);
  }
}

async function examineSeries(parts: {
  config: Config;
  places: Places;
  clock: Clock;
}): Promise<EngineFact> {
  try {
    const { version = "" } = await openSeries(parts).life();
    const name = `VictoriaMetrics ${version}`.trim();
    const text = `${name} answers and is set up as it has to be.`;
    if (!isOlder(version)) return { engine: "victoriametrics", verdict: "good", text };
    const remedy = `Nothing older than ${SERIES_TRIED.join(".")} was ever tried: take a newer one.`;
    return { engine: "victoriametrics", verdict: "warning", text, remedy };
  } catch (fault) {
    return toBad("victoriametrics", fault);
  }
}

/** Distributions build it without its version; then what it can do has to be enough. */
function isOlder(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return false;
  const [leastMajor, leastMinor] = SERIES_TRIED;
  return Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor);
}

function toBad(engine: EngineFact["engine"], fault: unknown): EngineFact {
  const text = `${fault instanceof Error ? fault.message : String(fault)}.`;
  const remedy = fault instanceof HeatpoolError ? fault.hint : undefined;
  return { engine, verdict: "bad", text, remedy };
}
