/** How others of the same model do, beside this house. */
import { useEffect, useState } from "preact/hooks";
import type { Community, Metric } from "./answers.js";
import { formatNumber, inWords } from "./format.js";
import { askHistory, community, DAY_MS, device } from "./house.js";
import { StandingView } from "./standing.js";
import { say } from "./texts.js";

type Averages = Community["models"][number]["averages"];

export function CommunityView() {
  const of = community.value;
  return (
    <section aria-labelledby="community-title">
      <h2 id="community-title">{say("community")}</h2>
      {of === "unasked" && <p>{say("communityNeeds")}</p>}
      {of === "failed" && <p>{say("communityFails")}</p>}
      {typeof of === "object" && (
        <>
          <p>
            {formatNumber(of.pool.installations, 0)} {say("installations")} ·{" "}
            {inWords(of.pool.message)}
          </p>
          {of.standing !== undefined && <StandingView standing={of.standing} />}
          {of.models.map(({ model, eligibility, averages }) => (
            <div key={model}>
              <h3>{model}</h3>
              {eligibility !== undefined && <p>{inWords(eligibility.reason)}</p>}
              {averages.metrics.length === 0 ? (
                <p>{say("noAverages")}</p>
              ) : (
                <Comparison averages={averages} />
              )}
            </div>
          ))}
        </>
      )}
    </section>
  );
}

function Comparison({ averages }: { readonly averages: Averages }) {
  const [own, setOwn] = useState<ReadonlyMap<string, number>>(new Map());
  const of = device.value;
  useEffect(() => {
    if (of === undefined) return;
    const metrics = averages.metrics.map(({ metric }) => metric).slice(0, 16);
    void askHistory(of, metrics, DAY_MS, 1).then(({ series }) =>
      setOwn(
        new Map(
          [...series].flatMap(([name, { mean }]) => mean.slice(0, 1).map((one) => [name, one])),
        ),
      ),
    );
  }, [of?.deviceId, averages]);
  const names = new Map<string, Metric>(of?.metrics.map((one) => [one.metric, one]));
  return (
    <table class="comparison">
      <thead>
        <tr>
          {(["metric", "here", "mean", "middle"] as const).map((key) => (
            <th key={key} scope="col">
              {say(key)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {averages.metrics.map(({ metric, unit, mean, p10, p90 }) => {
          const label = names.get(metric)?.label;
          const mine = own.get(metric);
          return (
            <tr key={metric}>
              <th scope="row">{label === undefined ? metric : inWords(label)}</th>
              <td class="number">{mine === undefined ? "–" : `${formatNumber(mine)} ${unit}`}</td>
              <td class="number">
                {formatNumber(mean)} {unit}
              </td>
              <td class="number">
                {p10 === undefined || p90 === undefined
                  ? "–"
                  : `${formatNumber(p10)} … ${formatNumber(p90)}`}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
