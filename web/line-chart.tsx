/** Lines over time. The picture is a canvas; its words say the same in short. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Series } from "./answers.js";
import { formatNumber, inWords } from "./format.js";
import { language, locale, say } from "./texts.js";

const HEIGHT = 220;
const MS = 1000;

export function LineChart(of: {
  readonly title: string;
  readonly series: readonly Series[];
  readonly range: readonly [number, number];
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null) return;
    let chart = draw(box, of.series, of.range);
    const fit = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT }));
    fit.observe(box);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const again = () => {
      chart.destroy();
      chart = draw(box, of.series, of.range);
    };
    scheme.addEventListener("change", again);
    return () => {
      fit.disconnect();
      scheme.removeEventListener("change", again);
      chart.destroy();
    };
  }, [of.series, of.range, language.value]);
  return <div class="chart" ref={place} role="img" aria-label={describe(of.title, of.series)} />;
}

/** The chart in a sentence. */
function describe(title: string, series: readonly Series[]): string {
  const lines = series.map(({ label, unit, min, max, last }) => {
    const facts = [
      `${say("last")} ${formatNumber(last.at(-1) ?? 0)}`,
      `${say("min")} ${formatNumber(Math.min(...min))}`,
      `${say("max")} ${formatNumber(Math.max(...max))}`,
    ];
    return `${inWords(label)} (${unit}): ${facts.join(", ")}`;
  });
  return `${title}. ${lines.join(". ")}`;
}

function draw(
  box: HTMLElement,
  series: readonly Series[],
  [fromMs, toMs]: readonly [number, number],
): uPlot {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const times = [...new Set(series.flatMap(({ at }) => at))].sort((a, b) => a - b);
  const lines = series.map(({ at, mean }) => {
    const known = new Map(at.map((time, k) => [time, mean[k] ?? null]));
    return times.map((time) => known.get(time) ?? null);
  });
  const axis = { stroke: colour("--text"), grid: { stroke: colour("--line") } };
  const date = (ms: number, more: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale.value, more).format(ms);
  const isDay = toMs - fromMs <= 2 * 86_400_000;
  return new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT,
      padding: [null, 24, null, null],
      scales: { x: { range: [fromMs / MS, toMs / MS] } },
      axes: [
        {
          ...axis,
          space: 60,
          values: (_, splits) =>
            splits.map((at) =>
              isDay
                ? date(at * MS, { hour: "2-digit", minute: "2-digit" })
                : date(at * MS, { weekday: "short", day: "numeric" }),
            ),
        },
        { ...axis, size: 46, values: (_, splits) => splits.map((at) => formatNumber(at)) },
      ],
      series: [
        {
          label: say("asOf"),
          value: (_, at) =>
            at === null ? "–" : date(at * MS, { dateStyle: "short", timeStyle: "short" }),
        },
        ...series.map(({ label, unit }, k) => ({
          label: inWords(label),
          stroke: colour(`--line-${k % 4}`),
          width: 2,
          dash: k < 2 ? [] : [6, 4],
          spanGaps: false,
          value: (_: uPlot, value: number | null) =>
            value === null ? "–" : `${formatNumber(value)} ${unit}`,
        })),
      ],
    },
    [times.map((at) => at / MS), ...lines],
    box,
  );
}
