/**
 * The backend, put together: store, registry, rollups, ingest, community and the doors, run side
 * by side until the signal; what each is made of stands in `assembly/`. What any of them cannot
 * survive ends all of them, in order.
 */
import { openEngines } from "./assembly/engines.js";
import { toDoor } from "./assembly/open-door.js";
import type { BackendParts } from "./assembly/parts.js";
import { openRooms } from "./assembly/rooms.js";
import { runOnce } from "./assembly/run-once.js";
import { runVitals } from "./assembly/run-vitals.js";
import { runWeb } from "./assembly/run-web.js";
import { createVitals } from "./http/vitals.js";
import { runDoor } from "./rpc/server.js";

/** Serves until `signal`. @throws HeatpoolError a store or a listener cannot be opened */
export async function runBackend(parts: BackendParts, signal: AbortSignal): Promise<void> {
  const engines = await openEngines(parts);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    const rooms = await openRooms(parts, engines, createVitals());
    const once = (until: AbortSignal) => runOnce(parts, engines, rooms, until);
    const all = [
      runDoor(toDoor(parts, rooms), ending.signal),
      runVitals(parts, rooms, ending.signal),
      runWeb(parts, rooms.web, ending.signal),
      rooms.processes.run({ ...rooms.joined, once }, ending.signal),
      rooms.pushing?.run(ending.signal) ?? Promise.resolve(),
    ];
    // The first that fails ends the others; then it is told.
    for (const one of all) one.catch(end);
    await Promise.allSettled(all);
    await Promise.all(all);
  } finally {
    signal.removeEventListener("abort", end);
    await engines.close();
    parts.log("info", "backend.stopped");
  }
}
