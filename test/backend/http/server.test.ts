/**
 * The HTTP contract as clients in the field use it, over a real listener: what they send is stored
 * once, what they send wrongly is told in the contract's words, and nothing they send ends anything.
 */
import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import {
  type HttpDoor,
  type HttpDoorOptions,
  NOW_MS,
  OWN,
  OWNER,
  openHttpDoor,
  SHARED,
} from "../../support/http-door.js";
import { makeIdentity } from "../../support/identity.js";
import { installationId, MODEL, makeBatch, openDelivery } from "../../support/pool-bed.js";

const ID = "0b5d9c1e-2e47-4f6b-9d2b-6e5d1e4c8a01";
const NOW_S = NOW_MS / 1000;

let door: HttpDoor;

beforeEach(async () => {
  door = await openHttpDoor();
});

afterEach(async () => {
  await door.close();
  expect(door.bugs).toEqual([]);
});

async function reopen(options: HttpDoorOptions): Promise<void> {
  await door.close();
  door = await openHttpDoor(options);
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of many shapes
  readonly body: any;
  readonly headers: Headers;
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(door.url + path, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return {
    status: response.status,
    body: isJson ? JSON.parse(text) : text,
    headers: response.headers,
  };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function submit(body: unknown, headers: Record<string, string> = bearer(SHARED)): Promise<Answer> {
  return ask("/api/v1/submit", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** Records a minute apart that end now, in the contract's form. */
function records(count: number, fromS = NOW_S - 60 * count) {
  return Array.from({ length: count }, (_, k) => ({
    timestamp: fromS + 60 * k + 0.25,
    temp_outdoor: 3.25 + k / 8,
    heatpump_metrics_temp_flow: 35.5,
    no_metric_of_ours: true,
  }));
}

const submission = (data: unknown, more = {}) => ({
  installation_id: ID,
  heatpump_model: "AERO_SLM",
  version: "1.4.0",
  data,
  ...more,
});

const stored = async () => (await door.store.count()).snapshots;

describe("a submission", () => {
  it("is stored with its milliseconds and digits, and counted", async () => {
    expect(await submit(submission(records(3)))).toMatchObject({
      status: 200,
      body: { status: "success", processed: 3 },
    });
    expect(await stored()).toBe(3);
    const [state] = [door.bed.registry.find(ID)];
    expect(state).toMatchObject({ snapshotsStored: 3, daemonVersion: "http/1.4.0" });
    expect(state?.models.map((one) => one.heatpumpModel)).toEqual(["AERO_SLM"]);
  });

  it("that comes twice, or overlaps, is stored once, also after a restart", async () => {
    await submit(submission(records(5)));
    expect((await submit(submission(records(5)))).body.processed).toBe(5);
    expect(await stored()).toBe(5);
    const { store } = door;
    const overlapping = records(8, NOW_S - 60 * 5);
    await reopen({ store });
    door.clock.stepWall(NOW_MS + 600_000);
    expect((await submit(submission(overlapping))).body.processed).toBe(8);
    expect(await stored()).toBe(8);
  });

  it("that comes twice at the same time is stored once", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => submit(submission(records(10)))));
    expect(answers.map((one) => one.status)).toEqual([200, 200, 200]);
    expect(await stored()).toBe(10);
  });

  it("in the form of clients in the field is stored per heat pump", async () => {
    const data = records(2).map(({ timestamp }) => ({
      timestamp,
      heatpumps: [
        { id: "WP Keller", manufacturer: "idm", model: "", values: { temp_outdoor: 1, mode: 2 } },
        { id: 2, manufacturer: "x", model: "IDM Wärmepumpe (Migriert)", values: { temp_flow: 30 } },
      ],
    }));
    const answer = await submit(
      submission(data, { data_version: "2.0", batch_index: 0, total_records: 2 }),
    );
    expect(answer.body).toEqual({ status: "success", processed: 2 });
    const names = door.bed.registry.find(ID)?.models.map((one) => one.heatpumpModel);
    expect(names).toEqual(["AERO_SLM", "IDM Wärmepumpe (Migriert)"]);
    expect(await stored()).toBe(4);
    for await (const { batch } of door.store.blocks(ID)) {
      expect(batch.deviceId).toMatch(/^heatpump-[0-9a-f]{12}$/);
    }
  });

  it("may be gzip, and its id may be spelt in any way", async () => {
    const spellings = [ID.toUpperCase(), `{${ID}}`, ID.replaceAll("-", ""), `urn:uuid:${ID}`];
    for (const spelling of spellings) {
      const body = gzipSync(JSON.stringify(submission(records(2), { installation_id: spelling })));
      const { status } = await ask("/api/v1/submit", {
        method: "POST",
        headers: {
          ...bearer(SHARED),
          "content-type": "application/json; charset=utf-8",
          "content-encoding": "gzip",
        },
        body,
      });
      expect(status).toBe(200);
    }
    expect(door.bed.registry.size).toBe(1);
    expect(await stored()).toBe(2);
  });

  it("leaves out what no metric is, and values that cannot be", async () => {
    const data = [
      { timestamp: NOW_S - 60, temp_outdoor: -3276.8, temp_flow: 31, owner: "name", note: 7 },
      { timestamp: NOW_S - 30, temp_outdoor: null, nothing: 1 },
    ];
    expect((await submit(submission(data))).body.processed).toBe(1);
    expect(door.bed.registry.find(ID)?.readingsStored).toBe(1);
  });

  it("does not count what is too old or ahead of the clock", async () => {
    const data = [
      { timestamp: NOW_S - 500 * 86_400, temp_flow: 30 },
      { timestamp: NOW_S - 60, temp_flow: 31 },
      { timestamp: NOW_S + 3600, temp_flow: 32 },
    ];
    expect((await submit(submission(data))).body.processed).toBe(1);
    expect(await stored()).toBe(1);
  });

  it("of a shared token does not count in statistics, of the installation's own it does", async () => {
    await submit(submission(records(1)));
    await submit(submission(records(1), { installation_id: OWNER }), bearer(OWN));
    expect(door.bed.registry.find(ID)?.consentScopes).toEqual(["telemetry"]);
    expect(door.bed.registry.find(OWNER)?.consentScopes).toContain("community_stats");
  });

  it("of a token that belongs to one installation needs no id, and may say no other", async () => {
    const { installation_id: _, ...anonymous } = submission(records(1));
    expect((await submit(anonymous, bearer(OWN))).status).toBe(200);
    expect(door.bed.registry.find(OWNER)?.snapshotsStored).toBe(1);
    const other = await submit(submission(records(1)), bearer(OWN));
    expect(other.status).toBe(403);
    expect(door.bed.registry.find(ID)).toBeUndefined();
  });

  it("with a shared token does not speak for a daemon", async () => {
    const daemon = installationId(7);
    const delivery = await openDelivery(door.bed, daemon);
    await delivery.take(makeBatch(1, NOW_MS - 120_000, [[1, 2, 3]]));
    delivery.close();
    const answer = await submit(submission(records(1), { installation_id: daemon }));
    expect(answer.status).toBe(403);
    expect(door.bed.registry.find(daemon)).toMatchObject({
      snapshotsStored: 1,
      daemonVersion: "0.1.0",
    });
  });

  it("of more submissions at once than may wait is told to come again", async () => {
    const store = createMemorySnapshotStore();
    let letGo = (): void => {};
    const isOpen = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const slow = Object.assign(Object.create(store), {
      put: (commit: Parameters<typeof store.put>[0]) => isOpen.then(() => store.put(commit)),
    });
    await reopen({ store: slow });
    const asked = Array.from({ length: 12 }, () => submit(submission(records(1))));
    // Those that may not wait are told at once; then the store goes on.
    await Promise.race(asked);
    letGo();
    const answers = await Promise.all(asked);
    const refused = answers.filter((one) => one.status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.body).toEqual({
      detail: "Too many requests. Please try again later.",
    });
    expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await stored()).toBe(1);
  });
});

describe("the token is judged before the body", () => {
  it.each([
    [undefined, 401, "Missing Authorization Header"],
    ["", 401, "Missing Authorization Header"],
    ["Bearer wrong", 403, "Invalid Token"],
    [`Basic ${SHARED}`, 403, "Invalid Token"],
    [SHARED, 403, "Invalid Token"],
    ["Bearer", 403, "Invalid Token"],
    ["Bearer __proto__", 403, "Invalid Token"],
    [`Bearer ${"a".repeat(4000)}`, 403, "Invalid Token"],
  ])("%j is %i", async (authorization, status, detail) => {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await submit("{ broken", headers as Record<string, string>);
    expect([answer.status, answer.body]).toEqual([status, { detail }]);
  });

  it.each(["bearer", "BEARER", "Bearer"])("the scheme %s is the same", async (scheme) => {
    const answer = await submit(submission(records(1)), { authorization: `${scheme} ${SHARED}` });
    expect(answer.status).toBe(200);
  });
});

describe("a body that is wrong", () => {
  const wrong: readonly [string, unknown, number, string][] = [
    ["no JSON", "{", 422, "json_invalid"],
    ["no object", "[]", 422, "dict_type"],
    ["no data", { installation_id: ID }, 422, "missing"],
    ["data of another type", submission("x"), 422, "list_type"],
    ["a record of another type", submission([1]), 422, "dict_type"],
    ["no time", submission([{ temp_flow: 1 }]), 422, "missing"],
    ["a time in milliseconds", submission([{ timestamp: NOW_MS }]), 422, "value_error"],
    ["a time as text", submission([{ timestamp: "2026-11-15" }]), 422, "float_type"],
    ["a value as text", submission([{ timestamp: NOW_S, temp_flow: "31" }]), 422, "float_type"],
    ["an id that is none", submission([], { installation_id: "me" }), 422, "uuid_parsing"],
    ["an id of another type", submission([], { installation_id: 7 }), 422, "uuid_parsing"],
    ["no id", { data: [] }, 422, "missing"],
    ["a model with a line end", submission([], { heatpump_model: "a\nb" }), 422, "string_pattern"],
    [
      "a model with a quote",
      submission([], { heatpump_model: 'a"} or {x="' }),
      422,
      "string_pattern",
    ],
    [
      "heat pumps of another type",
      submission([{ timestamp: NOW_S, heatpumps: 1 }]),
      422,
      "list_type",
    ],
    [
      "a heat pump without values",
      submission([{ timestamp: NOW_S, heatpumps: [{}] }]),
      422,
      "dict_type",
    ],
    ["too many records", submission(records(10_081)), 422, "too_long"],
    ["deep nesting", `${"[".repeat(200_000)}${"]".repeat(200_000)}`, 422, "dict_type"],
  ];

  it.each(wrong)("%s: stored is nothing, and said is where", async (_, body, status, type) => {
    const answer = await submit(body);
    expect(answer.status).toBe(status);
    expect(answer.body.detail[0]).toMatchObject({ type, loc: expect.any(Array) });
    expect(answer.body.detail.length).toBeLessThanOrEqual(20);
    expect(door.bed.registry.size).toBe(0);
  });

  it("one wrong record refuses the whole body", async () => {
    const data = [...records(2), { timestamp: NOW_S, temp_flow: {} }];
    const answer = await submit(submission(data));
    expect(answer.body.detail).toEqual([
      {
        loc: ["body", "data", 2, "temp_flow"],
        msg: "a number or boolean is wanted",
        type: "float_type",
      },
    ]);
    expect(door.bed.registry.size).toBe(0);
  });

  it("keys that name parts of an object are no metrics", async () => {
    const text = `{"installation_id":"${ID}","data":[{"timestamp":${NOW_S - 60},"temp_flow":30,
      "__proto__":{"x":1},"constructor":5,"toString":1,"temp_flow":31}]}`;
    expect((await submit(text)).body.processed).toBe(1);
    expect(door.bed.registry.find(ID)?.readingsStored).toBe(1);
  });

  it.each([
    ["a form", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["another encoding", { "content-encoding": "br" }, 415],
    ["gzip that is none", { "content-encoding": "gzip" }, 422],
  ])("%s is refused", async (_, headers, status) => {
    const answer = await submit(submission([]), { ...bearer(SHARED), ...headers });
    expect(answer.status).toBe(status);
  });

  it("text that is not UTF-8 is refused", async () => {
    const answer = await ask("/api/v1/submit", {
      method: "POST",
      headers: { ...bearer(SHARED), "content-type": "application/json" },
      body: Buffer.from([0x7b, 0xff, 0x7d]),
    });
    expect(answer.body.detail[0].msg).toBe("the body is not UTF-8");
  });

  it.each([
    ["plain", Buffer.alloc(11 * 1024 * 1024, 0x20), undefined],
    ["inflated", gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20)), "gzip"],
  ])("above 10 MB %s is 413", async (_, body, encoding) => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = httpRequest(
        `${door.url}/api/v1/submit`,
        {
          method: "POST",
          headers: {
            ...bearer(SHARED),
            "content-type": "application/json",
            ...(encoding === undefined ? {} : { "content-encoding": encoding }),
            // Without a length, so that the limit has to hold while bytes come.
            "transfer-encoding": "chunked",
          },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sending.once("error", reject);
      sending.end(body);
    });
    expect(status).toBe(413);
  });
});

describe("model check", () => {
  const check = (query: string) => ask(`/api/v1/model/check?${query}`);

  it("says why an installation is not eligible, in both languages", async () => {
    const { status, body } = await check(`installation_id=${ID}&model=AERO_SLM`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      eligible: false,
      model_available: false,
      model_hash: null,
      hash: null,
      update_available: false,
      data_pool: { total_installations: 0, data_sufficient: false },
    });
    expect(body.reason).not.toBe(body.reason_de);
  });

  it("knows a contributor, and whether its model is the newest", async () => {
    const bytes = Buffer.from("sealed");
    const hash = createHash("sha256").update(bytes).digest("hex");
    const file = {
      name: "AERO_SLM",
      filename: "AERO_SLM.enc",
      sizeBytes: bytes.length,
      hash,
      modifiedAtMs: NOW_MS,
    };
    await reopen({ models: [{ file, bytes }] });
    await submit(submission(records(1)));
    const asked = `installation_id=${ID.toUpperCase()}&model=AERO_SLM`;
    expect((await check(`${asked}&current_hash=other`)).body).toMatchObject({
      eligible: true,
      model_available: true,
      hash,
      update_available: true,
    });
    const newest = await check(`${asked}&current_hash=${hash.toUpperCase()}`);
    expect(newest.body.update_available).toBe(false);
  });

  it.each([
    ["installation_id=nobody", 400, "Invalid installation_id format (must be UUID)"],
    [`installation_id=${ID}&model=..%2Fetc`, 400, "Invalid model name format"],
    [`installation_id=${ID}&model=%00`, 400, "Invalid model name format"],
  ])("%s is %i", async (query, status, detail) => {
    const answer = await check(query);
    expect([answer.status, answer.body]).toEqual([status, { detail }]);
  });

  it("without an id is 422", async () => {
    const { status, body } = await check("model=AERO_SLM");
    expect(status).toBe(422);
    expect(body.detail).toEqual([
      { loc: ["query", "installation_id"], msg: "Field required", type: "missing" },
    ]);
  });
});

describe("model download", () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, k) => k % 251));
  const hash = createHash("sha256").update(bytes).digest("hex");
  const file = {
    name: "IDM Wärmepumpe",
    filename: "IDM Wärmepumpe.enc",
    sizeBytes: bytes.length,
    hash,
    modifiedAtMs: NOW_MS,
  };
  const path = `/api/v1/model/download?model=${encodeURIComponent(file.name)}`;

  beforeEach(async () => {
    await reopen({ models: [{ file, bytes }] });
  });

  const download = async (headers: Record<string, string>) => {
    const response = await fetch(door.url + path, { headers });
    return { response, body: Buffer.from(await response.arrayBuffer()) };
  };

  it("is for those who contribute; the token says who asks", async () => {
    const before = await download(bearer(OWN));
    expect(before.response.status).toBe(403);
    await submit(submission(records(1), { installation_id: OWNER }), bearer(OWN));
    const { response, body } = await download(bearer(OWN));
    expect(response.status).toBe(200);
    expect(body).toEqual(bytes);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("x-model-hash")).toBe(hash);
    expect(decodeURIComponent(response.headers.get("x-model-name") ?? "")).toBe(file.name);
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="IDM_W_rmepumpe.enc"; filename*=UTF-8''IDM%20W%C3%A4rmepumpe.enc`,
    );
  });

  it("resumes where it broke off", async () => {
    await submit(submission(records(1), { installation_id: OWNER }), bearer(OWN));
    const rest = await download({ ...bearer(OWN), range: "bytes=400-" });
    expect(rest.response.status).toBe(206);
    expect(rest.response.headers.get("content-range")).toBe("bytes 400-999/1000");
    expect(rest.body).toEqual(bytes.subarray(400));
    const last = await download({ ...bearer(OWN), range: "bytes=-10" });
    expect(last.body).toEqual(bytes.subarray(990));
    const beyond = await download({ ...bearer(OWN), range: "bytes=1000-" });
    expect(beyond.response.status).toBe(416);
    const changed = await download({ ...bearer(OWN), range: "bytes=4-9", "if-range": '"old"' });
    expect(changed.response.status).toBe(200);
  });

  it("is 404 when nothing is published, and asks a shared token for the id", async () => {
    await submit(submission(records(1), { installation_id: OWNER }), bearer(OWN));
    const missing = await ask("/api/v1/model/download?model=OTHER", { headers: bearer(OWN) });
    expect(missing.status).toBe(404);
    expect((await ask(path, { headers: bearer(SHARED) })).status).toBe(422);
    expect((await ask(path)).status).toBe(401);
  });
});

describe("what the pool tells", () => {
  it("its size, to everybody", async () => {
    await submit(submission(records(4)));
    const { status, body } = await ask("/api/v1/pool/status");
    expect(status).toBe(200);
    expect(body).toMatchObject({ total_installations: 1, total_data_points: 8 });
    expect(body.timestamp).toBe(new Date(NOW_MS).toISOString());
    expect(new Set(Object.keys(body))).toEqual(
      new Set([
        "data_sufficient",
        "message",
        "message_de",
        "models_available",
        "timestamp",
        "total_data_points",
        "total_installations",
      ]),
    );
  });

  it("averages of a cohort that is large enough, with percentiles for min and max", async () => {
    const day = 86_400_000;
    for (let n = 1; n <= 60; n++) {
      const delivery = await openDelivery(door.bed, installationId(n));
      for (let back = 8; back >= 0; back--) {
        const rows = [[n * 5, 300 + n, 100]];
        await delivery.take(makeBatch(9 - back, NOW_MS - back * day - 3_600_000, rows));
      }
      delivery.close();
    }
    await door.bed.community.release();
    const path =
      "/api/v1/community/averages?metrics=heatpump_metrics_temp_flow,no_such,temp_outdoor";
    expect((await ask(`${path}&model=AERO`)).status).toBe(401);
    const few = await ask(`${path}&model=AERO`, { headers: bearer(SHARED) });
    expect([few.status, few.body]).toEqual([
      200,
      { model: "AERO", window: "24h", metrics: {}, sample_size: 0 },
    ]);
    const model = encodeURIComponent(MODEL);
    const { body } = await ask(`${path}&model=${model}`, { headers: bearer(SHARED) });
    expect(body).toEqual({
      model: MODEL,
      window: "24h",
      metrics: {
        temp_flow: { avg: 33.05, min: 30.69, max: 35.41 },
        temp_outdoor: { avg: 15.25, min: 3.45, max: 27.05 },
      },
      sample_size: 60,
    });
  });

  it.each([
    ["metrics=a%22b&model=x", 400, 'Invalid metric name: a"b'],
    ["metrics=a%0Ab&model=x", 400, "Invalid metric name: a b"],
    ["metrics=temp_flow&model=..%2F", 400, "Invalid model name format"],
  ])("%s is %i", async (query, status, detail) => {
    const answer = await ask(`/api/v1/community/averages?${query}`, { headers: bearer(SHARED) });
    expect([answer.status, answer.body]).toEqual([status, { detail }]);
  });

  it("averages without a model are 422", async () => {
    const answer = await ask("/api/v1/community/averages", { headers: bearer(SHARED) });
    expect(answer.status).toBe(422);
    expect(answer.body.detail[0].loc).toEqual(["query", "model"]);
  });

  it("efficiency of a cohort to who holds a token, a standing only to the installation itself", async () => {
    const path = "/api/v1/community/performance?model=x&window=7d";
    expect((await ask(path)).status).toBe(401);
    const { body } = await ask(path, { headers: bearer(SHARED) });
    expect(body).toEqual({ model: "x", window: "7d", figures: [] });
    const wrong = await ask("/api/v1/community/performance?model=x&window=1h", {
      headers: bearer(SHARED),
    });
    expect(wrong.status).toBe(400);
    const standing = "/api/v1/community/standing";
    expect((await ask(standing, { headers: bearer(SHARED) })).status).toBe(403);
    expect((await ask(standing, { headers: bearer(OWN) })).status).toBe(404);
    await submit(submission(records(1), { installation_id: OWNER }), bearer(OWN));
    const own = await ask(standing, { headers: bearer(OWN) });
    expect(own.body).toEqual({ window: "30d", ranks: [], badges: [] });
  });

  it("status and models, to who holds a token", async () => {
    await submit(submission(records(1)));
    expect((await ask("/api/v1/status")).status).toBe(401);
    const status = await ask("/api/v1/status", { headers: bearer(SHARED) });
    expect(status.body).toEqual({
      status: "online",
      active_installations_30d: 1,
      timestamp: new Date(NOW_MS).toISOString(),
    });
    const models = await ask("/api/v1/models", { headers: bearer(SHARED) });
    expect(models.body).toEqual({ models: [], total: 0 });
    expect((await ask("/health")).body).toEqual({ status: "ok" });
  });
});

describe("the door itself", () => {
  it.each([
    ["GET", "/api/v1/submit", 405],
    ["DELETE", "/api/v1/pool/status", 405],
    ["PUT", "/health", 405],
    ["GET", "/api/v1/unknown", 404],
    ["GET", "/api/v1/models/../../../etc/passwd", 404],
    ["GET", "/", 404],
  ])("%s %s is %i, as JSON", async (method, path, status) => {
    const answer = await ask(path, { method });
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toEqual(expect.any(String));
  });

  it("names every request, and takes only harmless names from outside", async () => {
    const own = await ask("/health", { headers: { "x-request-id": "abc-1" } });
    expect(own.headers.get("x-request-id")).toBe("abc-1");
    const bad = await ask("/health", { headers: { "x-request-id": "a b;c" } });
    expect(bad.headers.get("x-request-id")).toBe("made-here");
  });

  it("refuses a network that asks too much without a token, and nobody else", async () => {
    await reopen({ rules: { publicPerMinute: 3 } });
    const statuses = [];
    for (let k = 0; k < 5; k++) statuses.push((await ask("/api/v1/pool/status")).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await ask("/health")).status).toBe(200);
    expect((await submit(submission(records(1)))).status).toBe(200);
    await door.clock.advance(60_000);
    expect((await ask("/api/v1/pool/status")).status).toBe(200);
  });

  it("counts for those behind a trusted proxy each by itself, and believes nobody else", async () => {
    const from = async (address: string) =>
      (await ask("/api/v1/pool/status", { headers: { "x-forwarded-for": address } })).status;
    await reopen({ rules: { publicPerMinute: 1 }, trustedProxies: ["127.0.0.0/8", "::1"] });
    expect(await from("203.0.113.7")).toBe(200);
    expect(await from("203.0.113.7")).toBe(429);
    expect(await from("198.51.100.7")).toBe(200);
    await reopen({ rules: { publicPerMinute: 1 } });
    expect(await from("203.0.113.7")).toBe(200);
    expect(await from("198.51.100.7")).toBe(429);
  });

  it("cuts headers that are too large, and what is no HTTP", async () => {
    const raw = await new Promise<string>((resolve) => {
      const socket = connect(door.port, "127.0.0.1", () => {
        socket.write(`GET /health HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`);
      });
      let text = "";
      socket.on("data", (part) => {
        text += part.toString();
      });
      socket.on("close", () => resolve(text));
      socket.on("error", () => {});
    });
    expect(raw).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("says 503 and stores nothing while the store does not write", async () => {
    const store = createMemorySnapshotStore();
    const disk: { isFull: boolean } = { isFull: true };
    const refusing = Object.assign(Object.create(store), {
      put: (commit: Parameters<typeof store.put>[0]) =>
        disk.isFull ? Promise.reject(storeFailed()) : store.put(commit),
    });
    await reopen({ store: refusing });
    const refused = await submit(submission(records(2)));
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await stored()).toBe(0);
    disk.isFull = false;
    expect((await submit(submission(records(2)))).body.processed).toBe(2);
  });

  it("speaks TLS 1.2 or newer with the server's certificate", async () => {
    const { identity, ca } = await makeIdentity();
    await reopen({ identity });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: door.port, path: "/health", ca };
      const asking = httpsRequest(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asking.once("error", reject);
      asking.end();
    });
    expect(status).toBe(200);
  });

  it("writes no id and no address into its events", async () => {
    await submit(submission(records(1)));
    expect(door.events.length).toBeGreaterThan(0);
    expect(door.events.join()).not.toMatch(/127\.0|0b5d9c1e/);
  });
});

function storeFailed() {
  return new HeatpoolError("STORE_FAILED", "disk full");
}
