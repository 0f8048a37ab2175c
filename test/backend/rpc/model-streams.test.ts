/** Whoever may not speak any more does not hear any more either. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createModelStreams } from "../../../backend/rpc/model-streams.js";

const refused = new HeatpoolError("UNAUTHENTICATED", "taken back");

function stream(installationId: string, fault?: HeatpoolError) {
  const ends: (HeatpoolError | undefined)[] = [];
  return {
    installationId,
    ends,
    end: (error?: HeatpoolError) => ends.push(error),
    identityFault: () => fault,
  };
}

describe("model streams", () => {
  it("are one for each installation: the newer takes the place", () => {
    const streams = createModelStreams();
    const [first, second] = [stream("a"), stream("a")];
    const leave = streams.enter(first);
    streams.enter(second);
    expect([first.ends, second.ends]).toEqual([[undefined], []]);
    // The one who was replaced does not take the other along.
    leave();
    expect(streams.count).toBe(1);
  });

  it("end with their identity: at once when expelled, else at the sweep", () => {
    const streams = createModelStreams();
    const [good, bad] = [stream("good"), stream("bad", refused)];
    for (const one of [good, bad]) streams.enter(one);
    streams.sweep();
    expect([good.ends, bad.ends]).toEqual([[], [refused]]);
    streams.expel("good", refused);
    streams.expel("nobody", refused);
    expect(good.ends).toEqual([refused]);
  });

  it("all end when the door closes, and nobody comes in after", () => {
    const streams = createModelStreams();
    const [early, late] = [stream("early"), stream("late")];
    streams.enter(early);
    streams.close();
    streams.enter(late);
    expect([early.ends, late.ends]).toEqual([[undefined], [undefined]]);
  });
});
