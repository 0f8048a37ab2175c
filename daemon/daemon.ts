/**
 * The daemon, put together. Read it from top to bottom to see what happens at start; what each
 * room is made of stands in `assembly/`.
 *
 * Polling begins at once and waits for nothing else. Queue and connection exist only while the
 * owner agrees (`enrolment/sharing.ts`). At the end the pollers stop first, so that the last
 * snapshot is kept, then the rest; within 10 s all of it.
 */
import { checkDevices } from "./assembly/check-devices.js";
import { createControl } from "./assembly/control.js";
import { createEnding, type Ending } from "./assembly/ending.js";
import { openPage } from "./assembly/open-page.js";
import type { DaemonParts } from "./assembly/parts.js";
import { pollDevice } from "./assembly/poll-device.js";
import { openRooms, type Rooms } from "./assembly/rooms.js";
import { warnAboutNode } from "./host/node-floor.js";
import { runWatchdog } from "./host/systemd-notify.js";
import { controlSocketPath, runControlSocket } from "./local/control-socket.js";
import { wipeWhenAnswered } from "./privacy/wipe.js";

/**
 * Runs until `signal`, or until everything about the owner was erased: then nothing is known any
 * more, and running again begins anew.
 *
 * @throws HeatpoolError what must be mended by a person
 */
export async function runDaemon(
  parts: DaemonParts,
  signal: AbortSignal,
): Promise<"stopped" | "erased"> {
  const { config, clock, log, notify, version } = parts;
  checkDevices(parts.devices);
  wipeWhenAnswered(config);
  const rooms = await openRooms(parts);
  rooms.late.page = await openPage(rooms);
  const ending = createEnding(signal, clock);
  const { devices, sharing, models, erasure } = rooms;
  log("info", "daemon.started", {
    version,
    node: process.version,
    devices: devices.length,
    consent: sharing.state.status,
  });
  const warning = warnAboutNode(process.version);
  if (warning !== undefined) log("warn", "daemon.warning", { warning });
  let isErased = false;
  const polling = Promise.all(
    devices.map((device) => ending.guard(pollDevice(device, rooms, ending.early))),
  );
  const erasing = erasure.run(ending.late).then(({ status }) => {
    isErased = status === "erased";
    if (isErased) ending.begin();
  });
  const rest = Promise.all([ending.guard(erasing), ...runRooms(rooms, ending)]);
  const closeSources = () => Promise.all(devices.map(({ source }) => source.close()));
  const ended = ending.complete({ polling, rest, closeSources });
  try {
    await Promise.all([polling, rest, ended]);
  } finally {
    await models?.close();
    if (!isErased) notify("STOPPING=1");
    log("info", "daemon.stopped");
  }
  wipeWhenAnswered(config);
  return isErased ? "erased" : "stopped";
}

/** Everything that runs beside the pollers until the late end. */
function runRooms(rooms: Rooms, ending: Ending): readonly Promise<void>[] {
  const { parts, self, sharing, notices, home, scorer, history, late, signs } = rooms;
  const { config, clock, notify, watchdogMs } = parts;
  const isWithdrawn = () => sharing.state.status === "withdrawn";
  const isHealthy = () => signs.isHealthy();
  const control = {
    path: controlSocketPath(config.runtimeDir),
    control: createControl(rooms),
    onListening: () => notify("READY=1"),
  };
  return [
    sharing.run(ending.late),
    notices?.run(ending.late),
    home?.run(ending.late),
    scorer?.run(ending.late),
    self.kept?.keeper.tellWithdrawal(isWithdrawn, ending.late),
    runControlSocket(control, ending.late),
    history?.run(ending.late),
    late.page?.run(ending.late),
    watchdogMs === undefined
      ? undefined
      : runWatchdog({ notify, clock, watchdogMs, isHealthy }, ending.late),
  ].map((part) => ending.guard(part));
}
