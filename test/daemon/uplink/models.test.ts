/** When models may come: beside a stream that was welcomed, once, and no longer than it lives. */
import { describe, expect, it } from "vitest";
import type { ModelLink, ModelStream } from "../../../daemon/model/model-link.js";
import type { Transport } from "../../../daemon/uplink/transport.js";
import { runUplink } from "../../../daemon/uplink/uplink.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { createListedBacklog } from "./listed-backlog.js";
import { createScriptedBackend } from "./scripted-backend.js";

function start() {
  const clock = createFakeClock();
  const backend = createScriptedBackend(() => clock.monotonicMs());
  const link: ModelLink = {
    open: (): ModelStream => ({ want() {}, report() {}, cancel() {} }),
  };
  const transport: Transport = {
    open: (listener) => ({ ...backend.transport.open(listener), models: link }),
  };
  const told: ModelLink[] = [];
  const stop = new AbortController();
  const done = runUplink(
    {
      backlog: createListedBacklog(),
      transport,
      clock,
      chance: createChance(7),
      introduction: {
        installationId: "550e8400-e29b-41d4-a716-446655440000",
        bootId: "550e8400-e29b-41d4-a716-446655440001",
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: "live",
      intervalSeconds: undefined,
      limitStore: { read: () => undefined, write() {} },
      log() {},
      withdrawn: new AbortController().signal,
      onModels: (models) => told.push(models),
    },
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await clock.advance(10_000);
    await done;
  };
  return { clock, backend, link, told, end };
}

describe("models beside a stream", () => {
  it("are announced with the welcome, not before, and once", async () => {
    const { clock, backend, link, told, end } = start();
    await clock.advance(2_000);
    expect(backend.streams).toHaveLength(1);
    expect(told).toEqual([]);
    backend.stream.welcome();
    await clock.advance(60_000);
    expect(told).toEqual([link]);
    await end();
  });

  it("are announced again after the connection was lost", async () => {
    const { clock, backend, told, end } = start();
    await clock.advance(2_000);
    backend.stream.welcome();
    await clock.advance(1_000);
    backend.stream.die("UNAVAILABLE");
    await clock.advance(120_000);
    expect(backend.streams.length).toBeGreaterThan(1);
    backend.stream.welcome();
    await clock.advance(1_000);
    expect(told).toHaveLength(2);
    await end();
  });
});
