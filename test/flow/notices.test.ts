/**
 * The owner is told by a whole daemon: a heat pump that falls silent, and that it answers again;
 * and systemd's watchdog is fed by work that was done, not by a timer.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createSystemClock, type SystemClock } from "../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../daemon/local/control-socket.js";
import { type ModbusServer, startModbusServer } from "../../daemon/simulator/modbus-server.js";
import { IMAGE, type MachineParts, startDaemon } from "../support/daemon-run.js";
import { temporaryFolder } from "../support/folder.js";
import { createHastyClock, until } from "../support/mosquitto.js";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const MINUTE_MS = 60_000;

interface Told {
  readonly kind: string;
  readonly subject: string;
  readonly isResolved: boolean;
  readonly title: string;
}

/** A webhook that keeps what it gets. */
async function startWebhook(): Promise<{ url: string; told: Told[] }> {
  const told: Told[] = [];
  const server: Server = createServer((asked, answer) => {
    let text = "";
    asked.on("data", (part: Buffer) => {
      text += part.toString();
    });
    asked.on("end", () => {
      told.push(JSON.parse(text) as Told);
      answer.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`, told };
}

async function startHeatPump(): Promise<ModbusServer> {
  const image = {
    read: ({ address, count }: { address: number; count: number }) =>
      Array.from({ length: count }, (_, index) => IMAGE.get(address + index) ?? 0),
  };
  const server = await startModbusServer(image, { host: "127.0.0.1", port: 0 });
  ends.push(() => server.close());
  return server;
}

function start(folder: string, port: number, more: string, machine: MachineParts) {
  const daemon = startDaemon(folder, port, more, machine);
  ends.push(() => daemon.stop());
  return daemon;
}

function movableClock(): SystemClock & { pass(ms: number): void } {
  return { ...createHastyClock(), learn: () => undefined };
}

describe("the daemon tells its owner", () => {
  it("that the heat pump fell silent, once over a restart, and that it answers again", async () => {
    const { url, told } = await startWebhook();
    const heatPump = await startHeatPump();
    const folder = temporaryFolder();
    const clock = movableClock();
    // At whatever hour this runs.
    const quiet = "quietHours: { fromHour: 0, toHour: 0 }";
    const more = `notify: { ${quiet}, silentMinutes: 30, channels: [{ kind: webhook, url: "${url}" }] }`;
    const daemon = start(folder, heatPump.port, more, { clock });
    await daemon.seen("device.online");
    heatPump.setOffline(true);
    await daemon.seen("device.offline");
    await until(() => {
      clock.pass(MINUTE_MS);
      return told.length > 0;
    }, "a notice");
    expect(told[0]).toMatchObject({ kind: "device-silent", subject: "device-silent/heatpump" });
    const path = controlSocketPath(daemon.config.runtimeDir);
    await daemon.seen("notify.told");
    expect(await askDaemon(createSystemClock(), path, "GET /status")).toMatchObject({
      notices: [{ name: "webhook", dropped: 0, fault: "" }],
    });
    await daemon.stop();

    const again = start(folder, heatPump.port, more, { clock });
    await again.seen("device.offline");
    let minutes = 0;
    await until(() => {
      clock.pass(MINUTE_MS);
      return ++minutes > 60;
    }, "an hour");
    heatPump.setOffline(false);
    await again.seen("device.online");
    await until(() => told.length === 2, "the end of it");
    expect(told[1]).toMatchObject({ subject: "device-silent/heatpump", isResolved: true });
  });

  it("of nothing when no channel is named, and keeps no record of it", async () => {
    const heatPump = await startHeatPump();
    const daemon = start(temporaryFolder(), heatPump.port, "", { clock: movableClock() });
    await daemon.seen("device.online");
    const path = controlSocketPath(daemon.config.runtimeDir);
    const status = await askDaemon(createSystemClock(), path, "GET /status");
    expect(status).not.toHaveProperty("notices");
  });
});

describe("the watchdog of a whole daemon", () => {
  const WATCHDOG_MS = 1_234;
  const LOOKS = 50;

  function startWatched(port: number, clock: SystemClock) {
    const meals: { count: number } = { count: 0 };
    const notify = (...lines: string[]) => {
      if (lines.includes("WATCHDOG=1")) meals.count++;
    };
    const machine = { clock, notify, watchdogMs: WATCHDOG_MS };
    return { meals, daemon: start(temporaryFolder(), port, "", machine) };
  }

  it("is fed while polls end, also when they find the heat pump silent", async () => {
    const heatPump = await startHeatPump();
    heatPump.setOffline(true);
    const { meals, daemon } = startWatched(heatPump.port, movableClock());
    await daemon.seen("poll.failed", 2);
    const before = meals.count;
    await until(() => meals.count > before + 2, "food");
  });

  it("starves when polls stop ending, although its own loop runs", async () => {
    const heatPump = await startHeatPump();
    const clock = movableClock();
    const stuck: { is: boolean } = { is: false };
    const { meals, daemon } = startWatched(heatPump.port, {
      ...clock,
      sleep: (ms, signal) =>
        stuck.is && ms !== WATCHDOG_MS / 2 ? aborted(signal) : clock.sleep(ms, signal),
    });
    await daemon.seen("poll.finished", 2);
    stuck.is = true;
    const polls = () => daemon.events.filter(({ event }) => event === "poll.finished").length;
    let [last, still] = [0, 0];
    await until(() => {
      still = polls() === last ? still + 1 : 0;
      last = polls();
      return still > LOOKS;
    }, "a poller that stands still");
    const fed = meals.count;
    await until(() => meals.count > fed + 1, "food for a poll that is not late yet");
    clock.pass(5 * MINUTE_MS);
    const before = meals.count;
    let looks = 0;
    await until(() => ++looks > LOOKS, "time for meals");
    expect(meals.count).toBe(before);
  });
});

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
