/** Temperatures and powers of the last day, week or month. */
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Series } from "./answers.js";
import { askHistory, DAY_MS, device } from "./house.js";
import { LineChart } from "./line-chart.js";
import { saveCsv } from "./save-csv.js";
import { type Key, say } from "./texts.js";

const GROUPS: readonly { readonly title: Key; readonly metrics: readonly string[] }[] = [
  {
    title: "temperatures",
    metrics: ["temp_flow", "temp_return", "temp_outdoor", "temp_hot_water"],
  },
  { title: "powers", metrics: ["power_thermal", "power_current"] },
];
const SPANS = {
  day: { days: 1, points: 288 },
  week: { days: 7, points: 336 },
  month: { days: 30, points: 360 },
} as const;
const FRESH_MS = 5 * 60_000;

const span = signal<keyof typeof SPANS>("day");

/** Counts up whenever what is shown of the past is to be asked for again. */
export function useMinutes(everyMs: number): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setCount((before) => before + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return count;
}

export function Charts() {
  const [found, setFound] = useState<Awaited<ReturnType<typeof askHistory>>>();
  const of = device.value;
  const round = useMinutes(FRESH_MS);
  useEffect(() => {
    if (of === undefined) return;
    const { days, points } = SPANS[span.value];
    const metrics = GROUPS.flatMap((group) => group.metrics);
    void askHistory(of, metrics, days * DAY_MS, points).then(setFound);
  }, [of?.deviceId, span.value, round]);
  return (
    <section aria-labelledby="charts-title">
      <h2 id="charts-title">{say("charts")}</h2>
      <fieldset aria-labelledby="charts-title" class="choice">
        {(["day", "week", "month"] as const).map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={span.value === one}
            onClick={() => {
              span.value = one;
            }}
          >
            {say(one)}
          </button>
        ))}
      </fieldset>
      {found !== undefined &&
        GROUPS.map((group) => <Group key={group.title} {...group} of={found} />)}
      {found !== undefined && found.series.size > 0 && (
        <button type="button" onClick={() => saveCsv(csvName(found), [...found.series.values()])}>
          {say("save")}
        </button>
      )}
    </section>
  );
}

/** `heatpool-2026-11-12.csv`, by the day on which it ends. */
function csvName({ range }: Awaited<ReturnType<typeof askHistory>>): string {
  return `heatpool-${new Date(range[1]).toISOString().slice(0, 10)}.csv`;
}

function Group({
  title,
  metrics,
  of,
}: {
  readonly title: Key;
  readonly metrics: readonly string[];
  readonly of: Awaited<ReturnType<typeof askHistory>>;
}) {
  const series = metrics.flatMap((metric): Series[] => {
    const one = of.series.get(metric);
    return one === undefined || one.at.length === 0 ? [] : [one];
  });
  return (
    <>
      <h3>{say(title)}</h3>
      {series.length === 0 ? (
        <p>{say("noHistory")}</p>
      ) : (
        <LineChart title={say(title)} series={series} range={of.range} />
      )}
    </>
  );
}
