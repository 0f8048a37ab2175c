/** What Prometheus reads is what happened, under the names of the table, and names nobody. */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { runMetrics } from "../../../backend/http/metrics-server.js";
import { createVitals, VITALS, type Vitals } from "../../../backend/http/vitals.js";
import { createFakeBehind } from "../../support/fake-behind.js";

const behind = createFakeBehind();
const SOURCES = {
  version: "1.2.3",
  totals: behind.totals,
  state: behind.operation.state,
  process: () => ({ residentBytes: 1_000, cpuSeconds: 2.5 }),
};
const RUN = {
  job: "retention",
  dueMs: 0,
  startedAtMs: 1_790_000_000_000,
  durationMs: 1_500,
  detail: "",
};

function used(): Vitals {
  const vitals = createVitals();
  const { listener } = vitals;
  const rejected = [{ reason: "OUT_OF_RANGE", snapshots: 3 }];
  listener.decided?.({ heatpumpModel: "secret/one", admitted: 57, duplicate: 5, rejected });
  listener.stored?.({
    ...{ heatpumpModel: "secret/one", snapshots: 57, readings: 900, promised: 1_000 },
    lagMs: 90_000,
  });
  listener.refused?.("RATE_LIMITED");
  listener.lost?.(4);
  listener.committed?.(3);
  vitals.streamOpened();
  vitals.streamOpened();
  vitals.streamClosed();
  vitals.jobRan({ ...RUN, outcome: "done" });
  vitals.jobRan({ ...RUN, outcome: "failed" });
  return vitals;
}

describe("metrics", () => {
  it("are what was counted", async () => {
    const text = await used().render(SOURCES);
    const lines = new Set(text.split("\n"));
    for (const line of [
      'heatpool_snapshots_total{outcome="stored"} 57',
      'heatpool_snapshots_total{outcome="duplicate"} 5',
      'heatpool_snapshots_total{outcome="rejected"} 3',
      'heatpool_snapshots_rejected_total{reason="OUT_OF_RANGE"} 3',
      "heatpool_readings_stored_total 900",
      'heatpool_batches_refused_total{code="RATE_LIMITED"} 1',
      "heatpool_snapshots_lost_total 4",
      'heatpool_backlog_lag_seconds_bucket{le="60"} 0',
      'heatpool_backlog_lag_seconds_bucket{le="300"} 1',
      'heatpool_commit_seconds_bucket{le="0.0025"} 0',
      'heatpool_commit_seconds_bucket{le="0.005"} 1',
      "heatpool_streams 1",
      'heatpool_job_runs_total{job="retention",outcome="failed"} 1',
      'heatpool_job_duration_seconds{job="retention"} 1.5',
      'heatpool_job_success_timestamp_seconds{job="retention"} 1790000000',
      "heatpool_installations 3",
      "heatpool_store_bytes 4096",
      'heatpool_catalogue_expires_timestamp_seconds{role="root"} 1800000000',
      "heatpool_models 1",
      "heatpool_process_cpu_seconds_total 2.5",
      'heatpool_build_info{version="1.2.3"} 1',
    ]) {
      expect(lines).toContain(line);
    }
    expect(text).not.toContain("secret");
  });

  it("are each of the table's, with help, and none beside it", async () => {
    const text = await used().render(SOURCES);
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [
      name,
      kind,
    ]);
    expect(shown).toEqual(Object.entries(VITALS).map(([name, { kind }]) => [name, kind]));
    for (const name of Object.keys(VITALS))
      expect(text).toMatch(new RegExp(`^${name}(_|{| )`, "m"));
  });

  it("are all described in the docs and all on the dashboard, which asks for no others", () => {
    const page = readFileSync("docs/backend-metrics.md", "utf8");
    const dashboard = readFileSync("systemd/grafana-dashboard.json", "utf8");
    const exprs = (JSON.parse(dashboard).panels as { targets: { expr: string }[] }[]).flatMap(
      ({ targets }) => targets.map(({ expr }) => expr),
    );
    const asked = exprs.flatMap((expr) => expr.match(/heatpool_\w+/g) ?? []);
    const names = Object.keys(VITALS);
    const bare = asked.map((name) => (names.includes(name) ? name : name.replace(/_bucket$/, "")));
    expect(bare.filter((name) => !names.includes(name))).toEqual([]);
    // What the process is and when it began is for alerts and labels.
    const off = names.filter((name) => !bare.includes(name));
    expect(off).toEqual(["heatpool_build_info", "heatpool_start_time_seconds"]);
    for (const name of names) expect(page).toContain(`\`${name}\``);
    for (const expr of exprs) {
      for (const [, labels = ""] of expr.matchAll(/by \(([^)]*)\)/g)) {
        const [name = ""] = expr.match(/heatpool_\w+/) ?? [];
        const vital = Object.entries<{ labels?: readonly string[]; kind: string }>(VITALS).find(
          ([one]) => one === name.replace(/_bucket$/, ""),
        )?.[1];
        expect(["le", ...(vital?.labels ?? [])]).toEqual(
          expect.arrayContaining(labels.split(", ")),
        );
      }
    }
  });
});

describe("the listener for Prometheus", () => {
  let ending = new AbortController();
  let running: Promise<void> = Promise.resolve();

  afterEach(async () => {
    ending.abort();
    await running;
    ending = new AbortController();
  });

  async function open(render = async () => "text") {
    const faults: unknown[] = [];
    const port = await new Promise<number>((resolve, reject) => {
      running = runMetrics(
        {
          ...{ port: 0, contentType: "text/plain", render },
          onFault: (fault) => faults.push(fault),
          onListening: resolve,
        },
        ending.signal,
      );
      running.catch(reject);
    });
    const ask = (path: string, more: { method?: string; host?: string } = {}) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const headers = { host: more.host ?? `localhost:${port}` };
        const call = request({ port, path, method: more.method ?? "GET", headers }, (response) => {
          let body = "";
          response.on("data", (part) => {
            body += part;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        });
        call.on("error", reject).end();
      });
    return { port, ask, faults };
  }

  it("has one page, to read, for this machine", async () => {
    const { ask } = await open();
    expect(await ask("/metrics")).toEqual({ status: 200, body: "text" });
    expect(await ask("/metrics?x=1")).toMatchObject({ status: 200 });
    expect(await ask("/")).toMatchObject({ status: 404 });
    expect(await ask("/metrics", { method: "POST" })).toMatchObject({ status: 405 });
    expect(await ask("/metrics", { host: "evil.example" })).toMatchObject({ status: 403 });
  });

  it("answers 500 without a word when the numbers cannot be had, and goes on", async () => {
    const toCome = [new Error("the disk at /secret")];
    const { ask, faults } = await open(async () => {
      const fault = toCome.shift();
      if (fault !== undefined) throw fault;
      return "well";
    });
    expect(await ask("/metrics")).toEqual({ status: 500, body: "" });
    expect(faults).toHaveLength(1);
    expect(await ask("/metrics")).toEqual({ status: 200, body: "well" });
  });

  it("says when its port is taken", async () => {
    const { port } = await open();
    const second = runMetrics(
      {
        ...{ port, contentType: "", render: async () => "" },
        onFault: () => {},
        onListening: () => {},
      },
      new AbortController().signal,
    );
    await expect(second).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
