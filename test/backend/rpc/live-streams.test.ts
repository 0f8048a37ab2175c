/**
 * One stream per installation: a router that forgot a connection must not lock a daemon out, and a
 * copied card must not push the real one aside.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { createLiveStreams, type LiveStream, spread } from "../../../backend/rpc/live-streams.js";
import { hello, openDoor, talk } from "../../support/door.js";
import { settle } from "../../support/fake-clock.js";

function stream(bootId: string, isAlive: boolean, more: Partial<LiveStream> = {}): LiveStream {
  const nothing = {
    supersede: () => {},
    expel: () => {},
    askToRenew: () => {},
    identityFault: () => undefined,
    sayGoodbye: () => {},
  };
  return { installationId: "a", bootId, isAlive: async () => isAlive, ...nothing, ...more };
}

describe("live streams", () => {
  it("let a newer stream in only after the older one has left", async () => {
    const live = createLiveStreams(() => {});
    const leave = await live.enter(stream("boot", true));
    let isIn = false;
    const second = live.enter(stream("boot", true)).then((leaveToo) => {
      isIn = true;
      return leaveToo;
    });
    await settle();
    expect(isIn).toBe(false);
    leave();
    (await second)();
    expect(live.count).toBe(0);
  });

  it("let one of three that came together in after the other", async () => {
    const live = createLiveStreams(() => {});
    const order: string[] = [];
    const enter = async (name: string) => {
      let leave = () => {};
      let isOver = false;
      const supersede = () => {
        isOver = true;
        leave();
      };
      leave = await live.enter(stream("boot", true, { supersede }));
      order.push(name);
      expect(live.count).toBe(1);
      if (isOver) leave();
    };
    await Promise.all(["first", "second", "third"].map(enter));
    expect(order).toEqual(["first", "second", "third"]);
  });

  it("let nobody in once they are closing", async () => {
    const live = createLiveStreams(() => {});
    await live.close(60_000);
    await expect(live.enter(stream("boot", true))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("a connection that died without a word", () => {
  it("is given up after 10 s without an answer, and the daemon gets in after a reboot", async () => {
    const door = await openDoor();
    const proxy = await startProxy(door.ports.main);
    const first = talk(proxy.port);
    first.say(hello());
    await first.hear();
    proxy.freeze();
    const second = talk(door.ports.main);
    second.say(hello(1, { bootId: Buffer.alloc(16, 2) }));
    // The age of the first stream and the wait for its sign of life.
    while (door.clock.waiting < 2) await settle();
    await door.clock.advance(10_000);
    expect(await second.hear()).toMatchObject({ $case: "welcome" });
    expect(door.events).not.toContain("rpc.clone-suspected");
    proxy.thaw();
    expect(await first.ended).toMatchObject({ code: status.ABORTED });
    first.close();
    second.close();
    await door.close();
    proxy.close();
  });
});

describe("times to come back", () => {
  it.each([10, 100, 1_000])("of %d daemons lie evenly over the spread", (count) => {
    const offsets = Array.from({ length: count }, (_, place) => spread(place)).sort(
      (a, b) => a - b,
    );
    const gaps = offsets.slice(1).map((offset, place) => offset - (offsets[place] ?? 0));
    // The three-gap theorem: with the golden section no gap is above 2.62 times the average.
    expect(Math.max(...gaps)).toBeLessThan(2.62 / count);
  });
});

/** Passes bytes on until it is told to swallow them all. */
async function startProxy(target: number) {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    sockets.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(to);
      from.on("error", () => to.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      for (const socket of sockets) socket.unpipe();
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      const [near, far] = sockets;
      if (near === undefined || far === undefined) return;
      near.pipe(far);
      far.pipe(near);
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
