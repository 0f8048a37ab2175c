/** What a daemon is owed: too little and it stays without, too much and it refuses or wastes bytes. */
import { describe, expect, it } from "vitest";
import type { ReleaseFacts } from "../../../backend/publish/release-store.js";
import { decideOwed, GRANT_LIFE_S } from "../../../backend/push/decide-owed.js";

const NOW_S = 1_800_000_000;
const DAY_S = 86_400;

function release(
  modelId: string,
  number: number,
  change: Partial<ReleaseFacts> = {},
): ReleaseFacts {
  return {
    modelId,
    release: number,
    length: 1,
    sha256: "",
    plainSha256: "",
    plainLen: 1,
    heatpumpModels: ["A"],
    schema: "demo/1",
    minDaemon: "1.0.0",
    revoked: false,
    kInstallations: 30,
    trainedAtMs: 0,
    ...change,
  };
}

function owed(releases: readonly ReleaseFacts[], has: { release: number; untilS?: number }[] = []) {
  const installed = has.map(({ release: number, untilS = NOW_S + GRANT_LIFE_S }) => ({
    modelId: "m",
    release: number,
    grantedUntilS: untilS,
  }));
  const facts = { nowS: NOW_S, heatpumpModels: ["A"], daemonVersion: "1.2.0", installed, releases };
  return decideOwed(facts).map(({ modelId, release: number }) => `${modelId}/${number}`);
}

describe("decideOwed", () => {
  const three = [release("m", 1), release("m", 3), release("m", 2)];

  it("names the newest release, once", () => {
    expect(owed(three)).toEqual(["m/3"]);
    expect(owed(three, [{ release: 2 }])).toEqual(["m/3"]);
    expect(owed(three, [{ release: 3 }])).toEqual([]);
  });

  it("never names a release that the daemon would refuse as older", () => {
    expect(owed(three, [{ release: 4 }])).toEqual([]);
    expect(owed(three, [{ release: 4, untilS: 0 }])).toEqual([]);
  });

  it("passes over what was taken back, what is meant for others and what needs a newer daemon", () => {
    expect(owed([release("m", 1), release("m", 2, { revoked: true })])).toEqual(["m/1"]);
    expect(owed([release("m", 1, { heatpumpModels: ["B"] })])).toEqual([]);
    expect(owed([release("m", 1, { heatpumpModels: ["*"] })])).toEqual(["m/1"]);
    expect(owed([release("m", 1), release("m", 2, { minDaemon: "1.10.0" })])).toEqual(["m/1"]);
  });

  it("renews a grant with less than thirty days left", () => {
    const until = (days: number) => [{ release: 3, untilS: NOW_S + days * DAY_S }];
    expect(owed(three, until(30))).toEqual([]);
    expect(owed(three, until(29))).toEqual(["m/3"]);
    expect(owed(three, until(-1))).toEqual(["m/3"]);
  });
});
