/** The scorer, put together: a queue in front, a watch per device, files behind. */
import { toMachineReadings } from "#core/anomaly/machine-readings.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Alarm } from "./alarm.js";
import { createAlarmDesk, MUTE_MS, QUIET_CHANGED_CELLS } from "./alarm-desk.js";
import { chooseModel } from "./choose-model.js";
import type { FinishedDay } from "./day-rows.js";
import { learnDevice } from "./device-learning.js";
import { isLearningDue, LEARN_DAYS_MIN } from "./local-learning.js";
import { makePastRows } from "./past-rows.js";
import { openScored, type Scored } from "./scored-device.js";
import type { Scorer } from "./scorer.js";
import { describe, explainModel, tellWaiting, vitalsOf } from "./scorer-facts.js";
import type { ScorerParts } from "./scorer-parts.js";
import { writeMemory } from "./watch-file.js";

/** Snapshots that wait: minutes of a slow disk. */
export const QUEUE_MAX = 256;
const SAVE_EVERY_MS = 3_600_000;
/** Opens the scorer with what was written down before. */
export async function createScorer(parts: ScorerParts): Promise<Scorer> {
  const { clock, log, book, rows } = parts;
  const rules = { daysMin: LEARN_DAYS_MIN, ...parts.rules };
  const stopping = new AbortController();
  const waiting: Snapshot[] = [];
  let working: Promise<void> = Promise.resolve();
  let savedAtMs = clock.monotonicMs();

  const desk = createAlarmDesk({
    ...{ book, language: parts.language, writeTime: parts.writeTime, tell: parts.tell },
    onChange: ({ id, deviceId, kind, severity, title }, change) =>
      log("warn", `alarm.${change}`, {
        alarm: id,
        device: deviceId,
        kind,
        severity,
        title: title.en,
      }),
  });
  const scored: Scored[] = [];
  for (const device of parts.devices) scored.push(await openScored(parts, device, desk));
  const find = (deviceId: string): Scored => {
    const one = scored.find(({ device }) => device.deviceId === deviceId);
    if (one !== undefined) return one;
    const known = scored.map(({ device }) => device.deviceId).join(", ");
    throw new HeatpoolError("NOT_FOUND", `no device ${deviceId}`, { hint: `There is: ${known}.` });
  };
  for (const one of scored) chooseModel(parts, one);

  const putDay = async (one: Scored, { facts, rows: block }: FinishedDay) => {
    await rows.put(one.device.deviceId, facts, block).catch((fault: unknown) => {
      log("error", "rows.lost", { device: one.device.deviceId, why: String(fault) });
    });
  };
  const save = async (one: Scored) => {
    writeMemory(one.files.state, one.watch.memory());
    const today = one.watch.today();
    if (today !== undefined) await putDay(one, today);
  };
  const learn = (one: Scored, isForced: boolean): Promise<void> => {
    one.learning ??= learnDevice(parts, one, stopping.signal, isForced).finally(() => {
      one.learning = undefined;
    });
    return one.learning;
  };
  const score = async (snapshot: Snapshot) => {
    const one = scored.find(({ device }) => device.deviceId === snapshot.deviceId);
    if (one === undefined) return;
    const { day, isAlarmChanged } = one.watch.take(
      toMachineReadings(snapshot, one.device.heatpumpModel, one.device.modeOf),
    );
    if (isAlarmChanged) writeMemory(one.files.state, one.watch.memory());
    if (day === undefined) return;
    await putDay(one, day);
    one.days = await rows.days(one.device.deviceId);
    chooseModel(parts, one);
    if (isLearningDue(one.days, one.shelf.current, rules))
      void learn(one, false).catch((fault: unknown) => {
        log("error", "model.learning-failed", { device: one.device.deviceId, why: String(fault) });
      });
  };
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await score(next);
      if (clock.monotonicMs() - savedAtMs >= SAVE_EVERY_MS) {
        savedAtMs = clock.monotonicMs();
        for (const one of scored) await save(one);
        // A grant may have ended meanwhile.
        for (const one of scored) chooseModel(parts, one);
      }
      if (waiting.length > 0) await parts.pause();
    }
  };
  const startWork = () => {
    working = working.then(work).catch((fault: unknown) => {
      log("error", "scorer.failed", { why: String(fault) });
    });
  };
  return {
    take(snapshot) {
      const isIdle = waiting.length === 0;
      if (waiting.length >= QUEUE_MAX) {
        const one = scored.find(({ device }) => device.deviceId === snapshot.deviceId);
        if (one !== undefined) one.dropped++;
        return;
      }
      waiting.push(snapshot);
      if (isIdle) startWork();
    },
    readBy(deviceId, what) {
      const one = scored.find(({ device }) => device.deviceId === deviceId);
      if (one?.watch.readBy(what) !== true) return;
      writeMemory(one.files.state, one.watch.memory());
      log("info", "device.read-otherwise", { device: deviceId, by: what });
    },
    modelsChanged() {
      for (const one of scored) chooseModel(parts, one);
    },
    devices: () => scored.map((one) => describe(one, book, clock.nowMs())),
    vitals: () => scored.flatMap((one) => vitalsOf(one, book)),
    alarms: () => {
      const nowMs = clock.nowMs();
      return book.list().map((alarm) => {
        const one = scored.find(({ device }) => device.deviceId === alarm.deviceId);
        return one === undefined ? alarm : tellWaiting(alarm, one, nowMs, parts.writeTime);
      });
    },
    answer(id, answer) {
      const alarm = book.find(id);
      if (alarm === undefined)
        throw new HeatpoolError("NOT_FOUND", `no alarm ${id}`, {
          hint: "`heatpool alarms --all` lists them.",
        });
      const { watch } = find(alarm.deviceId);
      const nowMs = clock.nowMs();
      const isOver = answer !== "fault" && alarm.resolvedAtMs === undefined;
      const over = { resolvedAtMs: nowMs, isEndOwed: false };
      const answered = { ...alarm, answer, ...(isOver && over) };
      if (answer === "fine")
        for (const { id: part } of alarm.parts)
          book.mute({ deviceId: alarm.deviceId, part, untilMs: nowMs + MUTE_MS });
      if (answer === "changed") watch.hush(QUIET_CHANGED_CELLS);
      if (answer === "serviced") watch.serviced();
      book.change(answered);
      writeMemory(find(alarm.deviceId).files.state, watch.memory());
      log("info", "alarm.answered", { alarm: id, answer });
      return answered;
    },
    note(deviceId, what) {
      const { watch, files } = find(deviceId);
      const isMachines = ({ kind, deviceId: id, resolvedAtMs }: Alarm) =>
        id === deviceId && kind !== "sensor" && resolvedAtMs === undefined;
      const over = { resolvedAtMs: clock.nowMs(), isEndOwed: false, answer: what };
      for (const alarm of book.list().filter(isMachines)) book.change({ ...alarm, ...over });
      if (what === "changed") watch.hush(QUIET_CHANGED_CELLS);
      else watch.serviced();
      writeMemory(files.state, watch.memory());
      log("info", "device.noted", { device: deviceId, what });
    },
    explain: (deviceId) => explainModel(find(deviceId)),
    async relearn(deviceId) {
      const one = find(deviceId);
      await working;
      await save(one);
      if (parts.past !== undefined) {
        const past = { rows, pause: parts.pause, signal: stopping.signal };
        one.watch.knowChannels(await makePastRows(past, one.device, parts.past(deviceId)));
      }
      one.days = await rows.days(deviceId);
      await learn(one, true);
    },
    async reset(deviceId) {
      const one = find(deviceId);
      await working;
      one.shelf.clear();
      one.files.state.remove();
      await rows.forget(deviceId);
      one.days = [];
      chooseModel(parts, one);
      log("info", "model.reset", { device: deviceId });
    },
    rollBack(deviceId) {
      const one = find(deviceId);
      const { learnedUntil } = one.shelf.rollBack();
      log("info", "model.rolled-back", { device: deviceId, learnedUntil });
      chooseModel(parts, one);
    },
    async settled() {
      await working;
      for (const one of scored) await one.learning?.catch(() => undefined);
      await working;
    },
    async run(signal) {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      stopping.abort();
      await working;
      for (const one of scored) {
        await one.learning?.catch(() => undefined);
        await save(one);
      }
      await rows.close();
    },
  };
}
