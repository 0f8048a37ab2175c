/** A backend that cannot store says so, lets nobody else in, and comes back by itself. */
import {
  credentials,
  makeGenericClientConstructor,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { service } from "grpc-health-check";
import { afterEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { batch, hello, type OpenDoor, openDoor, type Talk, talk } from "../../support/door.js";
import { settle } from "../../support/fake-clock.js";

const Health = makeGenericClientConstructor(
  service as unknown as ServiceDefinition<UntypedServiceImplementation>,
  "Health",
);

let door: OpenDoor;
const talks: Talk[] = [];
afterEach(async () => {
  for (const one of talks.splice(0)) one.close();
  await door.close();
});

function open(number: number): Talk {
  const one = talk(door.ports.main);
  talks.push(one);
  one.say(hello(number));
  return one;
}

async function health(): Promise<string> {
  const client = new Health(`127.0.0.1:${door.ports.main}`, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.Check?.({ service: "" }, (error: unknown, answer: { status: string }) =>
        error === null ? resolve(answer.status) : reject(error),
      );
    });
  } finally {
    client.close();
  }
}

describe("a store that refuses", () => {
  it("makes the door NOT_SERVING until it takes a write again", async () => {
    door = await openDoor();
    expect(await health()).toBe("SERVING");
    const { behind, clock } = door;
    behind.isStoreFull = true;
    behind.decide = () => {
      throw new HeatpoolError("STORE_FAILED", "no space left");
    };
    const first = open(1);
    expect(await first.hear()).toMatchObject({ $case: "welcome" });
    first.say(batch(1));
    expect(await first.hear()).toMatchObject({ $case: "control", value: { pauseMs: 20_000 } });
    expect(await health()).toBe("NOT_SERVING");
    const second = await open(2).ended;
    expect(second).toMatchObject({ code: status.UNAVAILABLE });
    expect(second.metadata.get("retry-after-ms")).toEqual(["60000"]);
    await clock.advance(30_000);
    expect(await health()).toBe("NOT_SERVING");
    behind.isStoreFull = false;
    behind.decide = undefined;
    await clock.advance(10_000);
    await settle();
    expect(await health()).toBe("SERVING");
    await clock.advance(10_000);
    let answer = await first.hear();
    while (answer?.$case === "control") answer = await first.hear();
    expect(answer).toMatchObject({ $case: "ack", value: { ackedThrough: 1n } });
    const third = open(2);
    expect(await third.hear()).toMatchObject({ $case: "welcome" });
    expect(door.events.filter((one) => one.startsWith("rpc.store-"))).toEqual([
      "rpc.store-refuses",
      "rpc.store-well",
    ]);
  });
});
