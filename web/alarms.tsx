/** What the owner should look at; nothing is shown as nothing. */
import { formatTime, inWords } from "./format.js";
import { alarms } from "./house.js";
import { say } from "./texts.js";

export function Alarms() {
  return (
    <section aria-labelledby="alarms-title">
      <h2 id="alarms-title">{say("alarms")}</h2>
      {alarms.value.length === 0 && <p class="quiet">{say("noAlarms")}</p>}
      <ul class="alarms">
        {alarms.value.map((one) => (
          <li key={`${one.subject}/${one.atMs}`} class={one.isResolved ? "quiet" : one.severity}>
            <strong>{inWords(one.title)}</strong> {formatTime(one.atMs)}
            <br />
            {inWords(one.body)}
          </li>
        ))}
      </ul>
    </section>
  );
}
