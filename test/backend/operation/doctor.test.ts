/** A doctor that overlooks something is worse than none: each fault alone must be found and named. */
import { describe, expect, it } from "vitest";
import { type DoctorFacts, diagnose } from "../../../backend/operation/doctor.js";

const WELL: DoctorFacts = {
  nodeWarning: undefined,
  nodeVersion: "v24.22.3",
  disk: { freeBytes: 2 ** 36, bytes: 2 ** 37 },
  isClockSynced: true,
  certificate: { daysLeft: 300 },
  claimTokens: 1,
  httpTokens: 1,
  openFiles: [],
  store: { state: "running", well: true, failedJobs: [], warnings: [] },
  engines: [
    { engine: "postgresql", verdict: "good", text: "PostgreSQL 15.14 keeps what it is given." },
    { engine: "victoriametrics", verdict: "good", text: "VictoriaMetrics v1.79.5 answers." },
  ],
  closedTestPool: false,
  autoSign: false,
};

const running = { state: "running", well: true, failedJobs: [], warnings: [] } as const;

describe("diagnose", () => {
  it("has nothing to say against a backend that is well, and says so check by check", () => {
    const findings = diagnose(WELL);
    expect(findings.map(({ verdict }) => verdict)).toEqual(findings.map(() => "good"));
    expect(findings.map(({ check }) => check)).toEqual([
      ...["node", "disk", "clock", "certificate", "claim tokens", "http tokens"],
      ...["permissions", "store", "postgresql", "victoriametrics"],
    ]);
  });

  it.each<[Partial<DoctorFacts>, string, string, RegExp]>([
    [{ nodeWarning: "Node is old" }, "node", "warning", /Node is old/],
    [{ disk: { freeBytes: 2 ** 27, bytes: 2 ** 37 } }, "disk", "bad", /128 MiB/],
    [{ disk: { freeBytes: 2 ** 30, bytes: 2 ** 37 } }, "disk", "warning", /1024 MiB/],
    [{ disk: undefined }, "disk", "warning", /cannot be asked/],
    [{ isClockSynced: false }, "clock", "bad", /not known to be right/],
    [{ certificate: { daysLeft: 12 } }, "certificate", "warning", /12 days/],
    [{ certificate: { fault: "it expired" } }, "certificate", "bad", /expired/],
    [{ certificate: "none" }, "certificate", "warning", /TLS is off/],
    [{ claimTokens: 0 }, "claim tokens", "bad", /no daemon can begin/],
    [{ claimTokens: undefined }, "claim tokens", "warning", /Anybody/],
    [{ httpTokens: 0 }, "http tokens", "bad", /will not start/],
    [{ openFiles: ["/a/key"] }, "permissions", "bad", /\/a\/key/],
    [{ store: { state: "missing" } }, "store", "warning", /none yet/],
    [{ store: { state: "unreachable", fault: "damaged" } }, "store", "bad", /damaged/],
    [{ store: { ...running, well: false } }, "store", "bad", /refuses writes/],
    [{ store: { ...running, failedJobs: ["retention"] } }, "jobs", "warning", /retention failed/],
    [{ store: { ...running, warnings: ["look"] } }, "backend", "warning", /look/],
    [{ store: { state: "silent" } }, "store", "warning", /No backend answers/],
    [
      { engines: [{ engine: "postgresql", verdict: "bad", text: "it only reads." }] },
      ...(["postgresql", "bad", /only reads/] as const),
    ],
    [
      { engines: [{ engine: "shared folders", verdict: "bad", text: "two.", remedy: "Mount." }] },
      ...(["shared folders", "bad", /two/] as const),
    ],
    [{ closedTestPool: true }, "privacy", "warning", /single households/],
    [{ autoSign: true }, "catalogue", "warning", /signs models/],
  ])("%j is found", (changes, check, verdict, text) => {
    const wrong = diagnose({ ...WELL, ...changes }).filter((one) => one.verdict !== "good");
    expect(wrong).toMatchObject([
      { check, verdict, text: expect.stringMatching(text), remedy: expect.any(String) },
    ]);
  });
});
