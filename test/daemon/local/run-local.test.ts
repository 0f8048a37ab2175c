/** The local door: what it tells, and whom it refuses. */

import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import type { House } from "../../../daemon/local/house.js";
import { runLocal } from "../../../daemon/local/run-local.js";
import { createChance } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";
import {
  type HouseChoice,
  NOW_MS,
  type ServedHouse,
  serveHouse,
} from "../../support/local-house.js";

let served: ServedHouse | undefined;
afterEach(async () => {
  await served?.stop();
  served = undefined;
});

async function serve(choice: HouseChoice = {}): Promise<ServedHouse> {
  served = await serveHouse({ minutes: 90, ...choice });
  return served;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly body: any;
}

/** A request with exactly these headers; `fetch` would not send a foreign Host. */
function ask(
  port: number,
  path: string,
  more: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = more;
  return new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.once("end", () => {
        const isJson = String(answer.headers["content-type"]).includes("json");
        const parsed: unknown = isJson ? JSON.parse(text) : undefined;
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, body: parsed });
      });
    });
    asking.once("error", reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const API = "/api/v1";

describe("what the local door tells", () => {
  it("gives the newest values with unit, quality and both labels", async () => {
    const { port } = await serve();
    const { body } = await ask(port, `${API}/now`);
    const flow = body.devices[0].values.find(
      (one: { metric: string }) => one.metric === "temp_flow",
    );
    expect(flow).toMatchObject({
      ...{ unit: "°C", quality: "good", value: expect.any(Number), decimals: 1 },
      label: { de: "Vorlauftemperatur", en: "Flow temperature" },
    });
    expect(body.devices[0].atMs).toBe(NOW_MS);
  });

  it("gives no value once the newest is older than two polls", async () => {
    const { port, clock } = await serve();
    await clock.advance(121_000);
    const { body } = await ask(port, `${API}/now`);
    expect(body.devices[0].isStale).toBe(true);
    expect(body.devices[0].values.every((one: { value?: number }) => one.value === undefined)).toBe(
      true,
    );
  });

  it("gives an hour of history in the buckets that were asked for", async () => {
    const { port } = await serve();
    const from = NOW_MS - 3_600_000;
    const query = `metric=temp_flow,temp_return&from=${from}&to=${NOW_MS}&points=6`;
    const { body } = await ask(port, `${API}/history?${query}`);
    const [flow, back] = body.series;
    expect(flow.at).toEqual([0, 1, 2, 3, 4, 5].map((k) => from + k * 600_000));
    expect(back.metric).toBe("temp_return");
    for (let k = 0; k < 6; k++) {
      expect(flow.min[k]).toBeLessThanOrEqual(flow.mean[k]);
      expect(flow.mean[k]).toBeLessThanOrEqual(flow.max[k]);
    }
  });

  it.each([
    ["metric=temp_flow&points=0"],
    ["metric=temp_flow&points=2001"],
    ["metric=nonsense"],
    ["metric="],
    ["metric=temp_flow&from=0&to=99999999999999"],
    ["metric=temp_flow&from=never"],
    ["metric=temp_flow&from=2000&to=1000"],
  ])("refuses the history question %s by name", async (query) => {
    const { port } = await serve();
    const answer = await ask(port, `${API}/history?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe("INVALID_ARGUMENT");
  });

  it("shows what left the house, value by value", async () => {
    const { port } = await serve();
    const { body } = await ask(port, `${API}/sharing`);
    const [batch] = body.sent;
    expect(batch).toMatchObject({ rows: 90, bytes: expect.any(Number), ackedAtMs: NOW_MS });
    expect(body.sentBytes).toBe(batch.bytes);
    const inside = (await ask(port, `${API}/sharing/${batch.number}`)).body;
    expect(inside.rows).toHaveLength(90);
    expect(inside.metrics).toContain("temp_flow");
    expect(inside.metrics).not.toContain("extra_register");
    expect((await ask(port, `${API}/sharing/99`)).status).toBe(404);
  });

  it("speaks Prometheus", async () => {
    const { port } = await serve();
    const { text, headers } = await ask(port, "/metrics");
    expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toMatch(/^heatpool_reading\{device="heatpump",metric="temp_flow"\} \d/m);
    expect(text).toMatch(/^# TYPE heatpool_polls_total counter$/m);
  });

  it("sends the present values and then each new snapshot as an event", async () => {
    const { port, poll } = await serve();
    const stop = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${port}${API}/events`, { signal: stop.signal });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const times: number[] = [];
    let text = "";
    while (times.length < 2) {
      const part = await reader?.read();
      text += part?.value ?? "";
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = event.split("data: ")[1];
        if (data !== undefined) times.push(JSON.parse(data).atMs);
      }
      if (times.length === 1) await poll(1);
    }
    stop.abort();
    expect(times).toEqual([NOW_MS, NOW_MS + 60_000]);
  });

  it("asks the community only with consent", async () => {
    const { port } = await serve();
    expect((await ask(port, `${API}/community`)).body.pool.installations).toBe(61);
    const { changeToken } = (await ask(port, `${API}/session`)).body;
    const headers = { "x-heatpool-token": changeToken };
    await ask(port, `${API}/consent`, { method: "POST", headers, body: { action: "withdraw" } });
    expect((await ask(port, `${API}/community`)).body.code).toBe("CONSENT_MISSING");
    expect((await ask(port, `${API}/sharing`)).body.sent).toEqual([]);
  });
});

describe("whom the local door refuses", () => {
  it.each([
    "evil.example",
    "localhost.evil.example",
    "evil.example:8480",
    "127.0.0.1.evil.example",
  ])("the Host %s, for page, data and metrics", async (host) => {
    const { port } = await serve();
    for (const path of ["/", "/page.js", `${API}/now`, `${API}/session`, "/metrics"]) {
      expect((await ask(port, path, { headers: { host } })).status).toBeOneOf([400, 403]);
    }
  });

  it.each(["localhost", "127.0.0.1:9000", "[::1]:8480", "192.168.1.20", "Pi.local"])(
    "not the Host %s, which is an address or a name of the owner's",
    async (host) => {
      const { port } = await serve({ config: { hostNames: ["pi.local"] } });
      expect((await ask(port, `${API}/devices`, { headers: { host } })).status).toBe(200);
    },
  );

  it("a change without the token of the run, with a wrong one, or from another origin", async () => {
    const { port, told } = await serve();
    const change = (headers: Record<string, string>) =>
      ask(port, `${API}/consent`, { method: "POST", headers, body: { action: "withdraw" } });
    const { changeToken } = (await ask(port, `${API}/session`)).body;
    const token = { "x-heatpool-token": changeToken };
    expect((await change({})).status).toBe(401);
    expect((await change({ "x-heatpool-token": "wrong" })).status).toBe(403);
    expect((await change({ ...token, origin: "http://evil.example" })).status).toBe(403);
    expect((await change({ ...token, "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await change({ ...token, "sec-fetch-site": "same-site" })).status).toBe(403);
    expect(told.changes).toBe(0);
    const own = await change({ ...token, origin: `http://127.0.0.1:${port}` });
    expect(own.body.status).toBe("withdrawn");
    expect(told.changes).toBe(1);
  });

  it("every other origin: no answer carries a permission", async () => {
    const { port } = await serve();
    const headers = { origin: "http://evil.example" };
    for (const method of ["GET", "OPTIONS"]) {
      const answer = await ask(port, `${API}/now`, { method, headers });
      expect(
        Object.keys(answer.headers).filter((name) => name.startsWith("access-control")),
      ).toEqual([]);
      expect(answer.status).toBeOneOf([403, 404]);
    }
  });

  it("every question without the owner's token, and guesses beyond five a minute", async () => {
    const file = join(temporaryFolder(), "token");
    writeFileSync(file, "a-token-of-the-owner\n");
    const { port, clock } = await serve({ config: { tokenFile: file } });
    const now = (token?: string) =>
      ask(port, `${API}/now`, {
        headers: token === undefined ? {} : { "x-heatpool-token": token },
      });
    expect((await ask(port, "/")).status).toBeOneOf([200, 404]);
    expect((await now()).status).toBe(401);
    expect((await now("a-token-of-the-owner")).status).toBe(200);
    for (let k = 0; k < 5; k++) expect((await now(`guess-${k}`)).status).toBe(403);
    const late = await now("a-token-of-the-owner");
    expect(late.status).toBe(429);
    expect(late.headers["retry-after"]).toBe("60");
    await clock.advance(60_000);
    expect((await now("a-token-of-the-owner")).status).toBe(200);
    const bearer = { authorization: "Bearer a-token-of-the-owner" };
    expect((await ask(port, "/metrics", { headers: bearer })).status).toBe(200);
  });

  it("framing, foreign script and sniffing, in every answer", async () => {
    const { port } = await serve();
    for (const path of ["/", `${API}/now`, "/nothing"]) {
      const { headers } = await ask(port, path);
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
    }
  });

  it("a grant of another text, of unknown purposes, or that is not JSON", async () => {
    const { port, told } = await serve();
    const { changeToken } = (await ask(port, `${API}/session`)).body;
    const headers = { "x-heatpool-token": changeToken };
    const grant = (body: unknown) => ask(port, `${API}/consent`, { method: "POST", headers, body });
    const good = { action: "grant", locale: "de", version: 1, scopes: ["telemetry"] };
    for (const wrong of [
      { ...good, version: 2 },
      { ...good, scopes: ["everything"] },
      { ...good, locale: "fr" },
      { action: "grant" },
      [],
    ]) {
      expect((await grant(wrong)).status).toBe(400);
    }
    expect((await grant({ ...good, padding: "x".repeat(5_000) })).status).toBe(413);
    expect(told.changes).toBe(0);
    expect((await grant(good)).body.granted).toEqual(["telemetry"]);
  });

  it("a token file that is missing or too short, before anything listens", async () => {
    const file = join(temporaryFolder(), "token");
    await expect(serveHouse({ minutes: 1, config: { tokenFile: file } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
    writeFileSync(file, "short");
    await expect(serveHouse({ minutes: 1, config: { tokenFile: file } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});

describe("a port that is taken", () => {
  it("costs the page and is logged; the daemon goes on", async () => {
    const { port } = await serve();
    const events: string[] = [];
    const deps = {
      house: {} as House,
      config: { host: "127.0.0.1", port, hostNames: [] },
      pageFolder: "",
      clock: createSystemClock(),
      chance: createChance(1),
      log: (_: string, event: string) => events.push(event),
    };
    await runLocal(deps, new AbortController().signal);
    expect(events).toEqual(["local.unavailable"]);
  });
});
