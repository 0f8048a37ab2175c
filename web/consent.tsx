/** Consent: the whole text, the purposes, and one button for each way. */
import { useState } from "preact/hooks";
import { change } from "./api.js";
import { inWords } from "./format.js";
import { askSharing, consent } from "./house.js";
import { language, say, sayOr } from "./texts.js";

export function ConsentView() {
  const [isBusy, setIsBusy] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const of = consent.value;
  if (of === undefined) return null;
  const isGranted = of.status === "granted";
  const decide = async (body: unknown) => {
    setIsBusy(true);
    await change("consent", body);
    await askSharing();
    setIsBusy(false);
  };
  const choose = (scope: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(scope);
    else next.delete(scope);
    setChosen(next);
  };
  return (
    <section aria-labelledby="consent-title">
      <h2 id="consent-title">{say("consent")}</h2>
      <p role="status">{isBusy ? say("working") : sayOr(`consent_${of.status}`, of.status)}</p>
      <details open={!isGranted}>
        <summary>{say("readText")}</summary>
        <p class="text">{inWords(of.text)}</p>
      </details>
      <fieldset disabled={isGranted}>
        <legend>{say("purposes")}</legend>
        {of.scopes
          .filter((scope) => scope !== "telemetry")
          .map((scope) => (
            <label key={scope}>
              <input
                type="checkbox"
                checked={isGranted ? of.granted.includes(scope) : chosen.has(scope)}
                onChange={({ currentTarget }) => choose(scope, currentTarget.checked)}
              />{" "}
              {sayOr(`scope_${scope}`, scope)}
            </label>
          ))}
      </fieldset>
      {isGranted ? (
        <button type="button" disabled={isBusy} onClick={() => void decide({ action: "withdraw" })}>
          {say("withdraw")}
        </button>
      ) : (
        <button
          type="button"
          disabled={isBusy}
          onClick={() =>
            void decide({
              action: "grant",
              locale: language.value,
              version: of.version,
              scopes: [...chosen],
            })
          }
        >
          {say("agree")}
        </button>
      )}
    </section>
  );
}
