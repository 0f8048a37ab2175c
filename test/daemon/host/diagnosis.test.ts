/** The doctor: names what is wrong and what to do, and leaves what is right alone. */
import { describe, expect, it } from "vitest";
import { type DeviceFacts, diagnose, type HouseholdFacts } from "../../../daemon/host/diagnosis.js";
import { toFinding } from "../../../daemon/host/diagnosis-texts.js";

const PUMP: DeviceFacts = {
  deviceId: "cellar",
  where: "192.0.2.7:502",
  isRead: true,
  why: "",
  isMismatch: false,
  isMqtt: false,
};
const WELL: HouseholdFacts = {
  nodeVersion: "v20.19.0",
  configFault: "",
  devices: [PUMP],
  isClockSynced: true,
  disk: { freeBytes: 8e9, totalBytes: 32e9 },
  hasMemoryCgroup: true,
  forbidden: [],
  unit: "active",
  isDaemonRunning: true,
  consent: "granted",
  backend: { where: "pool.example:443", isOnline: true, reach: undefined },
};
const SILENT: DeviceFacts = { ...PUMP, isRead: false, why: "no answer" };

/** Everything that is not well, as `check/sentence`. */
function faults(more: Partial<HouseholdFacts>): string[] {
  return diagnose({ ...WELL, ...more })
    .filter((one) => one.verdict !== "ok")
    .map((one) => `${one.check}/${one.says} ${one.verdict}`);
}

const CASES: readonly [Partial<HouseholdFacts>, string[]][] = [
  [{}, []],
  [{ nodeVersion: "v18.20.4" }, ["node/old problem"]],
  [{ nodeVersion: "v20.18.3" }, ["node/old problem"]],
  [{ nodeVersion: "v24.1.0" }, []],
  [{ configFault: "3 problems" }, ["configuration/faulty problem"]],
  [{ devices: [{ ...SILENT, reach: "silent" }] }, ["heat-pump/unreachable problem"]],
  [{ devices: [{ ...SILENT, reach: "refused" }] }, ["heat-pump/modbus-off problem"]],
  [{ devices: [{ ...SILENT, reach: "open" }] }, ["heat-pump/no-answer problem"]],
  [{ devices: [{ ...SILENT, isMismatch: true, reach: "open" }] }, ["heat-pump/mismatch problem"]],
  [{ devices: [{ ...SILENT, isMqtt: true, reach: "refused" }] }, ["heat-pump/no-broker problem"]],
  [{ devices: [{ ...SILENT, isMqtt: true, reach: "open" }] }, ["heat-pump/no-messages problem"]],
  [{ isClockSynced: false }, ["clock/unsynced warning"]],
  [{ disk: { freeBytes: 1e6, totalBytes: 32e9 } }, ["disk/full problem"]],
  [{ disk: { freeBytes: 4e8, totalBytes: 32e9 } }, ["disk/low warning"]],
  [{ disk: { freeBytes: 4e8, totalBytes: 1e9 } }, []],
  [{ hasMemoryCgroup: false }, ["memory/off note"]],
  [{ hasMemoryCgroup: undefined }, []],
  [{ forbidden: ["/etc/heatpool/ca.pem"] }, ["permissions/forbidden problem"]],
  [{ isDaemonRunning: false, unit: "inactive" }, ["service/stopped problem"]],
  [{ isDaemonRunning: false, unit: "failed" }, ["service/failed problem"]],
  [{ isDaemonRunning: false, unit: undefined }, ["service/not-running problem"]],
  [{ consent: "missing" }, ["consent/missing note"]],
  [{ consent: "withdrawn" }, ["consent/withdrawn note"]],
  [{ consent: "outdated" }, ["consent/outdated warning"]],
  [{ backend: undefined }, ["backend/none note"]],
  [
    { backend: { where: "pool.example:443", isOnline: false, reach: "silent" } },
    ["backend/unreachable warning"],
  ],
  [{ backend: { where: "pool.example:443", isOnline: false, reach: "open" } }, []],
];

describe("the diagnosis", () => {
  it.each(CASES)("of %j is %j", (more, expected) => {
    expect(faults(more)).toEqual(expected);
  });

  it("says nothing of the backend to an owner who did not agree: nobody was called", () => {
    const backend = { where: "pool.example:443", isOnline: false, reach: undefined };
    expect(faults({ consent: "missing", backend })).toEqual(["consent/missing note"]);
  });

  it("has a sentence in both languages for each case, and says what to do where something is wrong", () => {
    for (const [more] of CASES) {
      for (const judgement of diagnose({ ...WELL, ...more })) {
        const [en, de] = [toFinding(judgement, "en"), toFinding(judgement, "de")];
        for (const { text, hint, verdict } of [en, de]) {
          expect(text).toMatch(/^[A-ZÄÖÜc0-9].*\S$/);
          expect(`${text}${hint}`).not.toMatch(/[{}?]/);
          if (verdict === "problem" || verdict === "warning") expect(hint).not.toBe("");
        }
        expect(de.text).not.toBe(en.text);
      }
    }
  });
});
