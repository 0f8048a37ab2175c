/**
 * What training saw in the data of a heat pump model that is wrong with data, and not with machines:
 * for the operator, who can mend a profile or ask a manufacturer. Counts of installations; it names
 * none of them.
 */
import type { ChannelId } from "#core/anomaly/channel.js";
import { METRIC_CHANNELS } from "#core/anomaly/metric-channels.js";
import type { DataFinding, FindingSource } from "../operation/data-quality.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { LearntMonth } from "./learn-fleet.js";

/** A channel that so many have is expected of the others; that so many lack is told. */
const CHANNEL_SHARE = 0.2;
const PREFIX = "train/findings/";

type Records = Pick<SnapshotStore, "record" | "recordNames" | "putRecord">;

/** What the newest month of each installation shows, by kind and metric. */
export function findInData(
  heatpumpModel: string,
  looked: readonly LearntMonth[],
  foundAtMs: number,
): readonly DataFinding[] {
  const newest = new Map<string, LearntMonth>();
  for (const month of looked) {
    const known = newest.get(month.installationId);
    if (known === undefined || known.month <= month.month) newest.set(month.installationId, month);
  }
  const counts = new Map<string, Omit<DataFinding, "installations"> & { installations: number }>();
  const note = (kind: string, channel: ChannelId | "", detail: string): void => {
    const metric = metricOf(channel);
    const name = JSON.stringify([kind, metric, detail]);
    const found = counts.get(name) ?? {
      ...{ heatpumpModel, kind, metric, installations: 0, foundAtMs, detail },
    };
    found.installations++;
    counts.set(name, found);
  };
  const months = [...newest.values()];
  const expected = expectedChannels(months);
  for (const { month, facts } of months) {
    const told = new Map(facts.faults.map((one) => [`${one.kind} ${one.channel}`, one]));
    for (const { kind, channel, detail } of told.values()) note(kind, channel, detail);
    if (facts.steadyRows > 0 && facts.heatingRows === 0)
      note("no-heating", "", `did not heat in ${month}: nothing about heating is learnt from it`);
    const lacked = facts.faults.flatMap(({ kind, channel }) => (kind === "absent" ? channel : []));
    for (const channel of expected)
      if (facts.steadyRows > 0 && !facts.channels.includes(channel) && !lacked.includes(channel))
        note("absent", channel, "missing here, sent by others of this model");
  }
  return [...counts.values()].sort(
    (a, b) => b.installations - a.installations || (nameOf(a) < nameOf(b) ? -1 : 1),
  );
}

/** Keeps what was found, instead of what was found before. */
export async function keepFindings(
  store: Records,
  heatpumpModel: string,
  findings: readonly DataFinding[],
): Promise<void> {
  const name = `${PREFIX}${encodeURIComponent(heatpumpModel)}`;
  await store.putRecord(name, Buffer.from(JSON.stringify(findings), "utf8"));
}

/** What was found last, of all heat pump models. */
export function createFindingSource(store: Records): FindingSource {
  return {
    async findings() {
      const found: DataFinding[] = [];
      for (const name of await store.recordNames(PREFIX)) {
        const bytes = await store.record(name);
        if (bytes !== undefined) found.push(...JSON.parse(Buffer.from(bytes).toString("utf8")));
      }
      return found;
    },
  };
}

/** Channels that neither hardly anybody nor hardly nobody lacks. */
function expectedChannels(months: readonly LearntMonth[]): readonly ChannelId[] {
  const running = months.filter(({ facts }) => facts.steadyRows > 0);
  const counts = new Map<ChannelId, number>();
  for (const { facts } of running)
    for (const id of facts.channels) counts.set(id, (counts.get(id) ?? 0) + 1);
  const least = CHANNEL_SHARE * running.length;
  return [...counts].flatMap(([id, count]) =>
    count >= least && running.length - count >= least ? [id] : [],
  );
}

/** Metric of the catalogue; a channel that no metric gives keeps its own name. */
function metricOf(channel: ChannelId | ""): string {
  const found = Object.entries(METRIC_CHANNELS).find(([, id]) => id === channel);
  return found?.[0] ?? channel;
}

function nameOf({ kind, metric, detail }: DataFinding): string {
  return `${kind} ${metric} ${detail}`;
}
