/**
 * Hints in words, in both languages: parts that are unusual together, and parts that change slowly.
 * Neither is an alarm of a part, and the words say so.
 */
import { CELL_SECONDS, CELLS_PER_DAY } from "#core/anomaly/channel.js";
import type { DriftHint } from "#core/anomaly/drift-watch.js";
import { type Language, namePart } from "#core/anomaly/explanation-text.js";
import type { PlanPart } from "#core/anomaly/feature-plan.js";
import { type AlarmWords, checksOf, inBoth, type WriteTime } from "./alarm-words.js";

/** A part of the plan that changes slowly. */
export interface SlowPart extends Pick<DriftHint, "direction" | "sinceDay" | "weeks"> {
  readonly part: PlanPart;
}

const CELL_MS = CELL_SECONDS * 1000;
const DAY_MS = CELLS_PER_DAY * CELL_MS;
/** Further ahead nobody knows. */
const WEEKS_SAID_MAX = 26;

const WORDS = {
  de: {
    together: "zusammen ungewohnt",
    togetherText:
      "Keiner dieser Werte fällt für sich allein auf, zusammen sind sie aber anders als gewohnt",
    slow: "ändert sich langsam",
    up: "steigt gegenüber dem Gewohnten",
    down: "sinkt gegenüber dem Gewohnten",
    since: "seit",
    pace: "bei diesem Tempo ein Alarm in",
    weeks: "Wochen",
    check: "Reinigen oder warten kann helfen. Prüfen",
    look: "Prüfen",
    done: "Nach einer Wartung hier „gewartet“ melden, dann wird neu gezählt",
  },
  en: {
    together: "unusual together",
    togetherText: "None of these is unusual by itself, but together they differ from the usual",
    slow: "changes slowly",
    up: "rises against what is usual",
    down: "falls against what is usual",
    since: "since",
    pace: "at this pace an alarm in",
    weeks: "weeks",
    check: "Cleaning or service may help. Check",
    look: "Check",
    done: 'After a service answer "serviced" here, and counting begins anew',
  },
} as const;

/** Words for parts that are unusual together since the cell `since`. */
export function sayTogether(
  parts: readonly PlanPart[],
  since: number,
  writeTime: WriteTime,
): AlarmWords {
  return inBoth((language) => {
    const words = WORDS[language];
    const names = parts.map((part) => namePart(part, language)).join("; ");
    const checks = checkText(parts, language);
    const time = writeTime(since * CELL_MS, language);
    return {
      title: `${names}: ${words.together}`,
      text: `${names}. ${words.togetherText}, ${words.since} ${time}. ${words.look}: ${checks}.`,
    };
  });
}

/** Words for parts that change slowly. */
export function saySlow(slow: readonly SlowPart[], writeTime: WriteTime): AlarmWords {
  const parts = slow.map(({ part }) => part);
  return inBoth((language) => {
    const words = WORDS[language];
    const said = slow.map(({ part, direction, sinceDay, weeks }) => {
      const pace =
        weeks === undefined || weeks.from > WEEKS_SAID_MAX
          ? ""
          : `; ${words.pace} ${spanOf(weeks)} ${words.weeks}`;
      const time = writeTime(sinceDay * DAY_MS, language);
      return `${namePart(part, language)}: ${words[direction]}, ${words.since} ${time}${pace}.`;
    });
    const names = parts.map((part) => namePart(part, language)).join("; ");
    return {
      title: `${names}: ${words.slow}`,
      text: `${said.join(" ")} ${words.check}: ${checkText(parts, language)}. ${words.done}.`,
    };
  });
}

/** `5–9`, or `5+` when the end is open. */
function spanOf({ from, to }: { readonly from: number; readonly to: number }): string {
  if (to > WEEKS_SAID_MAX) return `${from}+`;
  return from === to ? `${from}` : `${from}–${to}`;
}

function checkText(parts: readonly PlanPart[], language: Language): string {
  return checksOf(parts.map((part) => ({ part })))
    .map((check) => check[language])
    .join("; ");
}
