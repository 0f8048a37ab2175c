/** What the heat pump did in the last day, as a bar of colours with a legend in words. */
import { useEffect, useState } from "preact/hooks";
import type { Series } from "./answers.js";
import { useMinutes } from "./charts.js";
import { formatNumber, formatState, inWords } from "./format.js";
import { askHistory, DAY_MS, device } from "./house.js";
import { say } from "./texts.js";

/** The first of them that was heard says it. */
const MODES = ["operating_mode", "system_mode", "compressor_state"];
const POINTS = 288;
const COLOURS = 6;
const FRESH_MS = 5 * 60_000;

interface Stretch {
  readonly value: number;
  readonly from: number;
  readonly length: number;
}

export function ModeTimeline() {
  const [series, setSeries] = useState<Series>();
  const [fromMs, setFromMs] = useState(0);
  const of = device.value;
  const round = useMinutes(FRESH_MS);
  useEffect(() => {
    if (of === undefined) return;
    void askHistory(of, MODES, DAY_MS, POINTS).then((found) => {
      setFromMs(found.range[0]);
      setSeries(MODES.map((mode) => found.series.get(mode)).find((one) => one?.at.length));
    });
  }, [of?.deviceId, round]);
  if (series === undefined) return null;
  const stretches = findStretches(series, fromMs);
  const values = [...new Set(stretches.map(({ value }) => value))].sort((a, b) => a - b);
  const total = stretches.reduce((sum, { length }) => sum + length, 0);
  const shares = values.map((value) => {
    const mine = stretches.filter((one) => one.value === value);
    const share = mine.reduce((sum, { length }) => sum + length, 0) / total;
    return { value, name: formatState(series, value), percent: formatNumber(share * 100, 0) };
  });
  return (
    <section aria-labelledby="mode-title">
      <h2 id="mode-title">{say("mode")}</h2>
      <p class="note">
        {inWords(series.label)} · {say("day")}
      </p>
      <svg
        class="timeline"
        viewBox={`0 0 ${POINTS} 20`}
        preserveAspectRatio="none"
        role="img"
        aria-label={shares.map(({ name, percent }) => `${name}: ${percent} %`).join(", ")}
      >
        {stretches.map(({ value, from, length }) => (
          <rect
            key={from}
            class={`mode-${values.indexOf(value) % COLOURS}`}
            x={from}
            y={0}
            width={length}
            height={20}
          />
        ))}
      </svg>
      <ul class="legend">
        {shares.map(({ value, name, percent }, k) => (
          <li key={value}>
            <svg width="14" height="14" aria-hidden="true">
              <rect class={`mode-${k % COLOURS}`} width="14" height="14" />
            </svg>{" "}
            {name} ({percent} %)
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Runs of equal values, in steps of the day. */
function findStretches({ at, last }: Series, fromMs: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const [k, value] of last.entries()) {
    const index = Math.round(((at[k] ?? 0) - fromMs) / (DAY_MS / POINTS));
    const before = stretches.at(-1);
    if (before?.value === value && before.from + before.length === index) {
      stretches[stretches.length - 1] = { ...before, length: before.length + 1 };
    } else stretches.push({ value, from: index, length: 1 });
  }
  return stretches;
}
