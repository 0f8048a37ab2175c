/** One leads, all hear: also when the server goes and comes back. */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { runLeader } from "../../../backend/registry/postgres-leader.js";
import { createPostgresNotices, type Notice } from "../../../backend/registry/postgres-notices.js";
import { createHastyClock, until } from "../../support/mosquitto.js";
import { isPeerMissing } from "../../support/peer.js";
import { withPostgres } from "../../support/postgres-bed.js";

describe.skipIf(isPeerMissing("postgresql"))("several processes on a real PostgreSQL", () => {
  const bed = withPostgres();
  const clock = createHastyClock();

  it("have one leader at a time, and another when it ends or loses the server", async () => {
    const url = await bed.newUrl();
    let leading = 0;
    let most = 0;
    const turns: string[] = [];
    const faults: unknown[] = [];
    const start = async (name: string) => {
      const database = await bed.open(url);
      const ending = new AbortController();
      const work = async (signal: AbortSignal) => {
        most = Math.max(most, ++leading);
        turns.push(name);
        while (!signal.aborted) await pause(2);
        leading--;
      };
      const onFault = (fault: unknown) => faults.push(fault);
      const deps = { database, clock, work, onChange: () => undefined, onFault };
      const running = runLeader(deps, ending.signal);
      return async () => {
        ending.abort();
        await running;
      };
    };
    const stopFirst = await start("first");
    await until(() => turns.length === 1, "somebody leads");
    const stopSecond = await start("second");
    await pause(100);
    expect(turns).toEqual(["first"]);
    await stopFirst();
    await until(() => turns.length === 2, "another leads");
    await bed.engine().kill();
    await until(() => leading === 0, "nobody leads without the server");
    await bed.engine().start();
    await until(() => turns.length === 3, "somebody leads again");
    await stopSecond();
    expect({ leading, most, faults }).toEqual({ leading: 0, most: 1, faults: [] });
  });

  it("hear what any of them says, and are told when they may have missed something", async () => {
    const url = await bed.newUrl();
    const ending = new AbortController();
    const heard: Notice[][] = [[], []];
    let gaps = 0;
    const all = await Promise.all(
      heard.map(async (list) => {
        const notices = createPostgresNotices(await bed.open(url), clock);
        notices.subscribe((notice) => list.push(notice));
        notices.onGap(() => gaps++);
        return { notices, running: notices.run(ending.signal) };
      }),
    );
    await until(() => gaps === 2, "both listen");
    const notice = { topic: "erased", text: 'a "quoted" text\n' };
    await all[0]?.notices.publish(notice);
    await until(() => heard.every((list) => list.length === 1), "both hear");
    expect(heard).toEqual([[notice], [notice]]);
    await bed.engine().kill();
    await bed.engine().start();
    await until(() => gaps === 4, "both listen again");
    await all[1]?.notices.publish({ topic: "released", text: "" });
    await until(() => heard.every((list) => list.length === 2), "both hear again");
    await expect(
      all[1]?.notices.publish({ topic: "x", text: "y".repeat(8_000) }),
    ).rejects.toThrow();
    ending.abort();
    await Promise.all(all.map((one) => one.running));
  });
});
