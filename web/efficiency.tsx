/** How much heat came of how much electricity, and how often the compressor started. */
import { useEffect, useState } from "preact/hooks";
import type { Series } from "./answers.js";
import { useMinutes } from "./charts.js";
import { formatNumber } from "./format.js";
import { askHistory, DAY_MS, device, HOUR_MS } from "./house.js";
import { type Key, say } from "./texts.js";

const HOURS = 24;
const MINUTES = 24 * 60;
const FRESH_MS = 5 * 60_000;
/** Counters step by 0.1 to 1 kWh; less electricity says nothing about a ratio. */
const ELECTRIC_KWH_MIN = 2;
/** A compressor that stands draws less. */
const RUNNING_KW_MIN = 0.1;

interface Found {
  readonly cop: { readonly value: number; readonly from: Key } | undefined;
  /** By the counters, kWh in 24 hours. */
  readonly energy: { readonly heat: number | undefined; readonly electricity: number | undefined };
  /** Per hour, oldest first. */
  readonly starts: readonly number[] | undefined;
}

export function Efficiency() {
  const [found, setFound] = useState<Found>();
  const of = device.value;
  const round = useMinutes(FRESH_MS);
  useEffect(() => {
    if (of === undefined) return;
    const metrics = [
      "energy_heat_total",
      "energy_electric_total",
      "power_thermal",
      "power_current",
    ];
    void Promise.all([
      askHistory(of, metrics, DAY_MS, 288),
      askHistory(of, ["starts_compressor"], DAY_MS + HOUR_MS, HOURS + 1),
      askHistory(of, ["compressor_state"], DAY_MS, MINUTES),
    ]).then(([work, counter, state]) =>
      setFound({
        cop: copOf(work.series),
        energy: {
          heat: riseOf(work.series.get("energy_heat_total")),
          electricity: riseOf(work.series.get("energy_electric_total")),
        },
        starts:
          startsByCounter(counter.series.get("starts_compressor"), counter.range[0]) ??
          startsByState(state.series.get("compressor_state"), state.range[0]),
      }),
    );
  }, [of?.deviceId, round]);
  if (found === undefined) return null;
  const total = found.starts?.reduce((sum, one) => sum + one, 0);
  return (
    <section aria-labelledby="efficiency-title">
      <h2 id="efficiency-title">{say("efficiency")}</h2>
      <dl>
        <dt>{say("cop")}</dt>
        <dd>
          {found.cop === undefined
            ? say("unknown")
            : `${formatNumber(found.cop.value, 2)} (${say(found.cop.from)})`}
        </dd>
        <Energy name="heatDay" kWh={found.energy.heat} />
        <Energy name="electricityDay" kWh={found.energy.electricity} />
        <dt>{say("startsDay")}</dt>
        <dd>{total ?? say("unknown")}</dd>
      </dl>
      {found.starts !== undefined && <Bars values={found.starts} />}
    </section>
  );
}

function Energy({ name, kWh }: { readonly name: Key; readonly kWh: number | undefined }) {
  if (kWh === undefined) return null;
  return (
    <>
      <dt>{say(name)}</dt>
      <dd>{formatNumber(kWh)} kWh</dd>
    </>
  );
}

function Bars({ values }: { readonly values: readonly number[] }) {
  const most = Math.max(1, ...values);
  return (
    <figure>
      <svg
        class="bars"
        viewBox={`0 0 ${HOURS * 10} 60`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${say("starts")}: ${values.join(", ")}`}
      >
        {values.map((value, k) => (
          <rect
            key={k}
            x={k * 10 + 1}
            y={60 - (value / most) * 58}
            width={8}
            height={(value / most) * 58}
          />
        ))}
      </svg>
      <figcaption>
        {say("starts")} ({say("max")}: {most})
      </figcaption>
    </figure>
  );
}

function copOf(series: ReadonlyMap<string, Series>): Found["cop"] {
  const electricKwh = riseOf(series.get("energy_electric_total")) ?? 0;
  if (electricKwh >= ELECTRIC_KWH_MIN) {
    const heatKwh = riseOf(series.get("energy_heat_total")) ?? 0;
    return { value: heatKwh / electricKwh, from: "copCounters" };
  }
  const heat = series.get("power_thermal");
  const power = series.get("power_current");
  if (heat === undefined || power === undefined) return undefined;
  const heatAt = new Map(heat.at.map((at, k) => [at, heat.mean[k] ?? 0]));
  let heatSum = 0;
  let powerSum = 0;
  for (const [k, at] of power.at.entries()) {
    const drawn = power.mean[k] ?? 0;
    const given = heatAt.get(at);
    if (drawn < RUNNING_KW_MIN || given === undefined) continue;
    heatSum += given;
    powerSum += drawn;
  }
  return powerSum === 0 ? undefined : { value: heatSum / powerSum, from: "copPowers" };
}

/** How far a counter went; `undefined`: there is none, or it began anew. */
function riseOf(counter: Series | undefined): number | undefined {
  const [first] = counter?.last ?? [];
  const last = counter?.last.at(-1);
  return first === undefined || last === undefined || last < first ? undefined : last - first;
}

function startsByCounter(
  series: Series | undefined,
  fromMs: number,
): readonly number[] | undefined {
  if (series === undefined || series.at.length < 2) return undefined;
  const starts = new Array<number>(HOURS).fill(0);
  for (const [k, at] of series.at.entries()) {
    const hour = Math.round((at - fromMs) / HOUR_MS) - 1;
    const before = series.last[k - 1];
    if (before === undefined || hour < 0) continue;
    starts[hour] = Math.max(0, (series.last[k] ?? before) - before);
  }
  return starts;
}

function startsByState(series: Series | undefined, fromMs: number): readonly number[] | undefined {
  if (series === undefined || series.at.length === 0) return undefined;
  const starts = new Array<number>(HOURS).fill(0);
  for (const [k, at] of series.at.entries()) {
    const isStart = series.last[k] === 1 && series.last[k - 1] === 0;
    const hour = Math.floor((at - fromMs) / HOUR_MS);
    if (isStart) starts[hour] = (starts[hour] ?? 0) + 1;
  }
  return starts;
}
