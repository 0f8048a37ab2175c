/** What leaves the house: the batches that were sent, and what was in them. */
import { useState } from "preact/hooks";
import type { Sent, SentRows } from "./answers.js";
import { ask } from "./api.js";
import { formatBytes, formatNumber, formatTime } from "./format.js";
import { sharing } from "./house.js";
import { say } from "./texts.js";

/** A table that a person reads. */
const ROWS_SHOWN = 20;

export function SharingView() {
  const [inside, setInside] = useState<{ number: number; rows: SentRows }>();
  const of = sharing.value;
  if (of === undefined) return null;
  const look = async (number: number) => {
    if (inside?.number === number) return setInside(undefined);
    const rows = await ask<SentRows>(`sharing/${number}`);
    if (rows !== undefined) setInside({ number, rows });
  };
  return (
    <section aria-labelledby="sharing-title">
      <h2 id="sharing-title">{say("sharing")}</h2>
      <dl>
        <dt>{say("backend")}</dt>
        <dd>
          {of.backend === undefined
            ? say("none")
            : `${of.backend} (${say(of.isOnline ? "online" : "offline")})`}
        </dd>
        {of.backlog !== undefined && (
          <>
            <dt>{say("waiting")}</dt>
            <dd>
              {formatNumber(of.backlog.waitingSnapshots, 0)} {say("waitingOf")}
              {of.backlog.lost > 0 && ` · ${formatNumber(of.backlog.lost, 0)} ${say("lost")}`}
            </dd>
          </>
        )}
        <dt>{say("sentSince")}</dt>
        <dd>{formatBytes(of.sentBytes)}</dd>
      </dl>
      {of.sent.length === 0 ? (
        <p>{say("nothingSent")}</p>
      ) : (
        <SentTable sent={of.sent} open={inside?.number} onLook={(number) => void look(number)} />
      )}
      {inside !== undefined && <Inside rows={inside.rows} />}
    </section>
  );
}

function SentTable(of: {
  readonly sent: readonly Sent[];
  readonly open: number | undefined;
  readonly onLook: (number: number) => void;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is scrolled by keyboard
    <section class="wide" tabIndex={0} aria-label={say("sharing")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say("sentAt")}</th>
            <th scope="col" class="number">
              {say("rows")}
            </th>
            {(["readings", "bytes"] as const).map((key) => (
              <th key={key} scope="col" class="number extra">
                {say(key)}
              </th>
            ))}
            <th scope="col">{say("acked")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {of.sent.map((one) => (
            <tr key={one.number}>
              <td>{formatTime(one.handedOverAtMs)}</td>
              <td class="number">{one.rows}</td>
              <td class="number extra">{one.readings}</td>
              <td class="number extra">{formatNumber(one.bytes, 0)}</td>
              <td>{say(one.ackedAtMs === undefined ? "no" : "yes")}</td>
              <td>
                <button
                  type="button"
                  aria-expanded={of.open === one.number}
                  onClick={() => of.onLook(one.number)}
                >
                  {say(of.open === one.number ? "close" : "look")}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Inside({ rows: { metrics, rows } }: { readonly rows: SentRows }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is scrolled by keyboard
    <section class="wide" tabIndex={0} aria-label={say("look")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say("asOf")}</th>
            {metrics.map((metric) => (
              <th key={metric} scope="col">
                {metric}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_SHOWN).map(({ atMs, values }) => (
            <tr key={atMs}>
              <th scope="row">{formatTime(atMs)}</th>
              {values.map((value, k) => (
                <td key={metrics[k]} class="number">
                  {value ?? "–"}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
