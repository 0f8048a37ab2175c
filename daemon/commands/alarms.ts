/**
 * `heatpool alarms` and `heatpool alarms answer`: what departs from normal in this house, in words,
 * and what the owner says to it.
 */
import { HeatpoolError } from "#core/errors.js";
import { writeLocalTime } from "../assembly/house-scorer.js";
import { ANSWERS } from "../model/alarm.js";
import { renderAlarm, renderScores, sayAnswered } from "../model/alarm-text.js";
import { askScorer, chooseDevices } from "./ask-scorer.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** `--all`: those that are over, too. */
export async function listAlarms(
  options: CommonOptions & { all?: boolean },
  terminal: Terminal,
): Promise<void> {
  const { config } = readSetup(options.config);
  const { alarms = [], devices = [] } = await askScorer(config, terminal, { action: "alarms" });
  const shown = alarms.filter((one) => options.all === true || one.resolvedAtMs === undefined);
  if (options.json === true)
    return terminal.print(JSON.stringify({ alarms: shown, devices }, null, 2));
  for (const line of renderScores(devices, config.language, writeLocalTime)) terminal.print(line);
  for (const alarm of shown)
    for (const line of renderAlarm(alarm, config.language, writeLocalTime)) terminal.print(line);
}

/** What the owner did, alarm or not. @throws HeatpoolError `NOT_FOUND` no such device */
export function noteDone(action: "changed" | "serviced") {
  return async (options: CommonOptions & { device?: string }, terminal: Terminal) => {
    const setup = readSetup(options.config);
    const { config } = setup;
    const device = chooseDevices(setup, options.device);
    const { devices = [] } = await askScorer(config, terminal, { action, ...device });
    if (options.json === true) return terminal.print(JSON.stringify({ devices }, null, 2));
    terminal.print(sayAnswered(action, config.language));
  };
}

/** @throws HeatpoolError `USAGE` · `NOT_FOUND` no such alarm */
export async function answerAlarm(
  options: CommonOptions,
  terminal: Terminal,
  [number = "", word = ""]: readonly string[],
): Promise<void> {
  const { config } = readSetup(options.config);
  const answer = ANSWERS.find((one) => one === word);
  if (answer === undefined || !/^\d{1,9}$/.test(number))
    throw new HeatpoolError("USAGE", `${number} ${word}: no answer to an alarm`, {
      hint: "heatpool alarms answer <number> fault|changed|fine|serviced",
    });
  const ask = { action: "answer", id: Number(number), answer } as const;
  const { alarms = [] } = await askScorer(config, terminal, ask);
  if (options.json === true) return terminal.print(JSON.stringify({ alarms }, null, 2));
  terminal.print(sayAnswered(answer, config.language));
}
