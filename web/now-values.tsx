/**
 * What the heat pump says now: four values to see at a glance, then the established metrics, the
 * rest on request. How well a value was read is said only where it is not simply good.
 */
import { useState } from "preact/hooks";
import type { Value } from "./answers.js";
import { formatTime, formatValue, inWords } from "./format.js";
import { device, now } from "./house.js";
import { say, sayOr } from "./texts.js";

/** Shown before the rest is asked for. */
const FIRST = 8;
const AT_A_GLANCE = ["temp_outdoor", "temp_flow", "temp_hot_water", "power_current"] as const;

export function NowValues() {
  const [isAll, setIsAll] = useState(false);
  const present = now.value;
  const all = present?.values ?? [];
  const tiles = AT_A_GLANCE.flatMap((metric) => {
    const of = all.find((one) => one.metric === metric && one.value !== undefined);
    return of === undefined ? [] : [{ name: `glance_${metric}` as const, of }];
  });
  const values = all
    .filter((one) => !tiles.some(({ of }) => of === one))
    .sort((a, b) => rank(a) - rank(b));
  const shown = isAll ? values : values.slice(0, FIRST);
  return (
    <section aria-labelledby="now-title">
      <h2 id="now-title">{say("now")}</h2>
      {present?.atMs === undefined ? (
        <p>{say("noValues")}</p>
      ) : (
        <p class="note">
          {present.isStale ? say("stale") : ""} {say("asOf")} {formatTime(present.atMs)}
        </p>
      )}
      {device.value?.state === "offline" && device.value.why !== undefined && (
        <p class="warn">
          {device.value.why} – {say("askDoctor")} <code>heatpool doctor</code>
        </p>
      )}
      {tiles.length > 0 && (
        <dl class="tiles">
          {tiles.map(({ name, of }) => (
            <div key={name}>
              <dt>{say(name)}</dt>
              <dd>
                {formatValue(of)} <small>{of.unit}</small>
                <Quality of={of} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {values.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{say("metric")}</th>
              <th scope="col" class="number">
                {say("value")}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row key={one.metric} of={one} />
            ))}
          </tbody>
        </table>
      )}
      {values.length > FIRST && (
        <button type="button" aria-expanded={isAll} onClick={() => setIsAll(!isAll)}>
          {say(isAll ? "showFewer" : "showAll")} ({values.length})
        </button>
      )}
    </section>
  );
}

/** What has a value goes before what has none. */
function rank({ value }: Value): number {
  return value === undefined ? 1 : 0;
}

function Row({ of }: { of: Value }) {
  return (
    <tr>
      <th scope="row">{inWords(of.label)}</th>
      <td class="number">
        {formatValue(of)}
        {of.value === undefined ? "" : ` ${of.unit}`}
        <Quality of={of} />
      </td>
    </tr>
  );
}

function Quality({ of: { quality } }: { of: Value }) {
  if (quality === "good") return null;
  return <small class="quality warn">{sayOr(`q_${quality}`, quality)}</small>;
}
