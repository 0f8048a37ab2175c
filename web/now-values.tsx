/** What the heat pump says now: the established metrics first, the rest on request. */
import { useState } from "preact/hooks";
import type { Value } from "./answers.js";
import { formatTime, formatValue, inWords } from "./format.js";
import { now } from "./house.js";
import { say, sayOr } from "./texts.js";

/** Shown before the rest is asked for. */
const FIRST = 12;

export function NowValues() {
  const [isAll, setIsAll] = useState(false);
  const present = now.value;
  const values = [...(present?.values ?? [])].sort((a, b) => rank(a) - rank(b));
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
      {values.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{say("metric")}</th>
              <th scope="col" class="number">
                {say("value")}
              </th>
              <th scope="col">{say("quality")}</th>
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
      </td>
      <td class={of.quality === "good" ? "quiet" : "warn"}>
        {sayOr(`q_${of.quality}`, of.quality)}
      </td>
    </tr>
  );
}
