/** Where this house stands among others of its model, and what it has earned. */
import type { Rank, Standing } from "./answers.js";
import { formatNumber, inWords } from "./format.js";
import { say } from "./texts.js";

export function StandingView({ standing }: { readonly standing: Standing }) {
  const { ranks, badges, window } = standing;
  return (
    <>
      <h3>
        {say("standing")} ({Number.parseInt(window, 10)} {say("days")})
      </h3>
      {ranks.length === 0 ? (
        <p>{say("noStanding")}</p>
      ) : (
        <ul class="ranks">
          {ranks.map((one) => (
            <RankLine key={`${one.heatpumpModel} ${one.quantity}`} of={one} />
          ))}
        </ul>
      )}
      {badges.length > 0 && (
        <ul class="badges" aria-label={say("badges")}>
          {badges.map(({ id, title, text }) => (
            <li key={id}>
              <strong>{inWords(title)}</strong>
              <span>{inWords(text)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function RankLine({ of }: { readonly of: Rank }) {
  const percent = of.betterThanPercent;
  return (
    <li>
      <span>{inWords(of.label)}</span>
      <span class="number">{`${formatNumber(of.value, 2)} ${of.unit}`.trimEnd()}</span>
      {percent !== undefined && (
        <>
          <meter min={0} max={100} value={percent} aria-hidden="true" />
          <span class="note">
            {say("betterThan")} {percent} % {say("ofOthers")} {of.installations}
          </span>
        </>
      )}
    </li>
  );
}
