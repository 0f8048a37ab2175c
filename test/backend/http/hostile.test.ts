/**
 * What no honest client sends, on every route: other methods, names that would break out of a query
 * or a log line, bodies of every wrong shape, requests that never end, and many in one packet. Each
 * is refused in the contract's form, stores nothing, is no bug of ours, and the next request is served.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type HttpDoor,
  type HttpDoorOptions,
  NOW_MS,
  OWN,
  openHttpDoor,
  SHARED,
} from "../../support/http-door.js";

const ID = "0b5d9c1e-2e47-4f6b-9d2b-6e5d1e4c8a01";
const NOW_S = NOW_MS / 1000;

/** Every route, with what makes it answer. */
const ROUTES = [
  { method: "POST", path: "/api/v1/submit" },
  { method: "GET", path: `/api/v1/model/check?installation_id=${ID}&model=x` },
  { method: "GET", path: `/api/v1/model/download?installation_id=${ID}&model=x` },
  { method: "GET", path: "/api/v1/pool/status" },
  { method: "GET", path: "/api/v1/community/averages?model=x" },
  { method: "GET", path: "/api/v1/community/performance?model=x" },
  { method: "GET", path: "/api/v1/community/standing" },
  { method: "GET", path: "/api/v1/status" },
  { method: "GET", path: "/api/v1/models" },
  { method: "GET", path: "/health" },
] as const;

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "purge"];

let door: HttpDoor;

beforeEach(async () => {
  door = await openHttpDoor();
});

afterEach(async () => {
  // Whatever was sent: the door serves, holds nothing, and met no bug.
  const { status } = await fetch(`${door.url}/health`);
  await door.close();
  expect(status).toBe(200);
  expect(door.bugs).toEqual([]);
  expect(door.bed.registry.size).toBe(0);
});

async function reopen(options: HttpDoorOptions): Promise<void> {
  await door.close();
  door = await openHttpDoor(options);
}

const bearer = { authorization: `Bearer ${SHARED}` };

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(door.url + path, {
    ...init,
    headers: { ...bearer, ...init.headers },
  });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
}

function submit(body: string | Buffer, headers: Record<string, string> = {}) {
  const type = { "content-type": "application/json" };
  const init = { method: "POST", headers: { ...type, ...headers } };
  return ask("/api/v1/submit", {
    ...init,
    body: typeof body === "string" ? body : Uint8Array.from(body),
  });
}

/** What comes back on a connection of its own until the door closes it. */
async function raw(...parts: readonly (string | Buffer)[]): Promise<string> {
  const { socket, heard } = await dial();
  for (const part of parts) socket.write(part);
  await once(socket, "close");
  return heard();
}

async function dial(): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect(door.port, "127.0.0.1");
  let text = "";
  socket.on("data", (part) => {
    text += part.toString("latin1");
  });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return { socket, heard: () => text };
}

/** Status lines in the order in which they came; what is before one may be a body. */
const statusesOf = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));

describe("every route", () => {
  const wrong = ROUTES.flatMap((route) =>
    METHODS.filter((method) => method !== route.method).map((method) => ({ ...route, method })),
  );

  it.each(wrong)("$method $path is 405 and names what is allowed", async ({ method, path }) => {
    const allowed = ROUTES.find((one) => one.path === path)?.method;
    const [, bare = ""] = /^([^?]*)/.exec(path) ?? [];
    const answer = await raw(
      `${method} ${bare} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    // A method that is none is refused before any route.
    if (method === "purge") return expect(statusesOf(answer)).toEqual([400]);
    expect(statusesOf(answer)).toEqual([405]);
    expect(answer.toLowerCase()).toContain(`allow: ${allowed?.toLowerCase()}`);
    expect(answer).toContain('{"detail":"Method Not Allowed"}');
  });

  it.each(ROUTES)("$method $path answers JSON that no page may be made of", async (route) => {
    const { status, headers } = await ask(route.path, { method: route.method });
    expect(status).toBeLessThan(500);
    expect(headers.get("content-type")).toMatch(/^application\/json/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it.each(ROUTES.map((one) => one.path))(
    "%s of an address of 5,000 characters is 400",
    async (path) => {
      const [, bare = ""] = /^([^?]*)/.exec(path) ?? [];
      expect((await ask(`${bare}?model=${"x".repeat(5_000)}`)).status).toBe(400);
    },
  );
});

describe("a name", () => {
  const names = [
    ["a line end", "a%0Ab"],
    ["a carriage return", "a%0D%0ASet-Cookie:%20x=1"],
    ["a zero byte", "a%00b"],
    ["a quote", "a%22%7D%20or%20%7Bx%3D%22"],
    ["an apostrophe", "a%27%3B--"],
    ["a step out", "..%2F..%2Fetc%2Fpasswd"],
    ["a backslash", "a%5C..%5Cb"],
    ["a tag", "%3Cscript%3E"],
    ["a direction mark", "a%E2%80%AEb"],
    ["bytes that are no UTF-8", "a%FF%FE"],
    ["half an escape", "a%"],
    ["a surrogate alone", "a%ED%A0%80"],
  ] as const;

  it.each(names)("of a model with %s is refused and not repeated", async (_, text) => {
    for (const path of ["model/check", "community/averages", "community/performance"]) {
      const id = path === "model/check" ? `&installation_id=${ID}` : "";
      const answer = await ask(`/api/v1/${path}?model=${text}${id}`);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.text).toBe('{"detail":"Invalid model name format"}');
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
  });

  it.each(names)("of a metric with %s is refused without control characters", async (_, text) => {
    const answer = await ask(`/api/v1/community/averages?model=x&metrics=temp_flow,${text}`);
    expect(answer.status).toBe(400);
    const { detail } = JSON.parse(answer.text);
    expect(detail).toMatch(/^Invalid metric name: /);
    expect(detail).not.toMatch(/\p{Cc}/u);
  });

  it.each(names)("of an installation with %s is none", async (_, text) => {
    const answer = await ask(`/api/v1/model/check?installation_id=${text}`);
    expect(answer.status).toBe(400);
  });

  it.each([
    ["a model", { heatpump_model: 'x"\n} or {a="' }],
    ["a model of a hundred thousand letters", { heatpump_model: "x".repeat(100_000) }],
    ["a model that is a list", { heatpump_model: ["x"] }],
    ["an id that is a list", { installation_id: [ID] }],
    ["an id that is null", { installation_id: null }],
    ["data that are null", { data: null }],
  ])("in a body, %s, is told with its place and cut", async (_, changes) => {
    const data = [{ timestamp: NOW_S, temp_flow: 30 }];
    const body = { installation_id: ID, heatpump_model: "x", version: "1", data, ...changes };
    const answer = await submit(JSON.stringify(body));
    expect(answer.status).toBe(422);
    expect(answer.text.length).toBeLessThan(2_000);
    expect(JSON.parse(answer.text).detail[0].loc[0]).toBe("body");
  });

  it("of the client's version is kept without what would break out of a line", async () => {
    const version = 'x"\n{"level":"error"}';
    const answer = await submit(JSON.stringify({ installation_id: ID, version, data: [] }));
    expect(answer.status).toBe(200);
    expect(door.bed.registry.find(ID)?.daemonVersion).toMatch(/^http\/[\w.+-]*$/);
    door.bed.registry.forget(ID);
    for (const line of door.events) expect(line).not.toMatch(/error|\n/);
  });
});

describe("a body", () => {
  const deep = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000);

  it.each([
    ["nothing", ""],
    ["null", "null"],
    ["a number", "1e999"],
    ["text", '"x"'],
    ["two documents", "{}{}"],
    ["a comment", "/* x */{}"],
    ["a comma too many", '{"data":[],}'],
    ["NaN", `{"installation_id":"${ID}","data":[{"timestamp":NaN}]}`],
    ["a byte order mark and half a document", "\uFEFF{"],
    ["objects within objects", `{"data":${deep('{"a":', "}").replace("}", "1}")}}`],
    ["lists within data", `{"installation_id":"${ID}","data":[${deep("[", "]")}]}`],
    [
      "lists within a value",
      `{"installation_id":"${ID}","data":[{"timestamp":1,"temp_flow":${deep("[", "]")}}]}`,
    ],
  ])("of %s is 422", async (_, text) => {
    expect((await submit(text)).status).toBe(422);
  });

  it("that says a key twice means the last of them, in every place alike", async () => {
    const other = "1b5d9c1e-2e47-4f6b-9d2b-6e5d1e4c8a02";
    const answer = await submit(
      `{"installation_id":"${other}","installation_id":"me","data":[{"timestamp":${NOW_S}}]}`,
    );
    expect(answer.status).toBe(422);
    const twice = await submit(
      `{"installation_id":"${other}","data":[{"timestamp":${NOW_S},"temp_flow":1}],"data":7}`,
    );
    expect(twice.status).toBe(422);
  });

  it.each([
    ["a form", { "content-type": "multipart/form-data; boundary=x" }],
    ["XML", { "content-type": "application/xml" }],
    ["text", { "content-type": "text/plain" }],
    ["a type that is none", { "content-type": "json" }],
    ["deflate", { "content-encoding": "deflate" }],
    ["zstd", { "content-encoding": "zstd" }],
    ["gzip twice", { "content-encoding": "gzip, gzip" }],
  ])("as %s is 415", async (_, headers) => {
    expect((await submit("{}", headers)).status).toBe(415);
  });

  it.each([
    ["cut", (bytes: Buffer) => bytes.subarray(0, bytes.length - 9)],
    [
      "with a changed check",
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -8), Buffer.alloc(8)]),
    ],
    ["packed twice", (bytes: Buffer) => gzipSync(bytes)],
  ])("in gzip, %s, is 422", async (_, change) => {
    const packed = change(gzipSync(JSON.stringify({ installation_id: ID, data: [] })));
    expect((await submit(packed, { "content-encoding": "gzip" })).status).toBe(422);
  });

  it("that says it is longer than it may is refused before it comes, and the connection ends", async () => {
    const head = `POST /api/v1/submit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SHARED}\r\nContent-Type: application/json\r\n`;
    const answer = await raw(`${head}Content-Length: 99999999999\r\nConnection: close\r\n\r\n{`);
    expect(statusesOf(answer)).toEqual([413]);
  });

  it.each([
    ["two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
    [
      "a length and pieces",
      "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
    ["a negative length", "Content-Length: -1\r\n\r\n"],
    ["a piece without a length", "Transfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n"],
    ["a piece that overflows", `Transfer-Encoding: chunked\r\n\r\n${"f".repeat(40)}\r\n{}`],
  ])("with %s is 400 and the end of the connection", async (_, rest) => {
    const head = `POST /api/v1/submit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SHARED}\r\nContent-Type: application/json\r\n`;
    expect(statusesOf(await raw(head + rest)).at(-1)).toBe(400);
  });

  it.each([
    ["no host", "GET /health HTTP/1.1\r\n\r\n"],
    ["a line that ends early", "GET /health HTTP/1.1\nHost: x\n\n"],
    ["a folded field", "GET /health HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"],
    ["a field with a zero byte", "GET /health HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"],
    ["TLS", Buffer.from("16030100", "hex")],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("a head with %s ends its connection", async (_, bytes) => {
    const answer = await raw(bytes, "\r\n\r\n");
    expect(statusesOf(answer).every((status) => status >= 400)).toBe(true);
  });
});

describe("a client that takes its time", () => {
  const PATIENCE = { headersMs: 1_000, requestMs: 2_000, lookMs: 50 };

  it("with its head is told 408 and cut", async () => {
    await reopen({ patience: PATIENCE });
    expect(statusesOf(await raw("GET /health HT"))).toEqual([408]);
  });

  it("and says nothing at all is cut", async () => {
    await reopen({ patience: PATIENCE });
    expect(statusesOf(await raw())).toEqual([408]);
  });

  it("with its body is cut, and nothing of it is stored; others are served meanwhile", async () => {
    await reopen({ patience: PATIENCE });
    const { socket, heard } = await dial();
    const head = `POST /api/v1/submit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SHARED}\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n`;
    socket.write(head);
    // A byte whenever the door is known to serve somebody else.
    let isOpen = true;
    const closed = once(socket, "close").then(() => {
      isOpen = false;
    });
    while (isOpen) {
      if (socket.writable) socket.write(" ");
      expect((await fetch(`${door.url}/health`)).status).toBe(200);
    }
    await closed;
    expect(statusesOf(heard()).every((status) => status === 408)).toBe(true);
  });

  it("may take as long as an ordinary one does under the limits of every door", async () => {
    const { socket, heard } = await dial();
    socket.write(`GET /api/v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${OWN}\r\n`);
    for (let k = 0; k < 5; k++) expect((await fetch(`${door.url}/health`)).status).toBe(200);
    socket.write("Connection: close\r\n\r\n");
    await once(socket, "close");
    expect(statusesOf(heard())).toEqual([200]);
  });

  it("and goes in the middle of its body is no bug", async () => {
    const { socket } = await dial();
    socket.write(
      `POST /api/v1/submit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SHARED}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{`,
    );
    await fetch(`${door.url}/health`);
    socket.destroy();
    await once(socket, "close");
  });
});

describe("requests that come in one packet", () => {
  const get = (path: string, more = ""): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SHARED}\r\n${more}\r\n`;

  it("are answered one by one, in their order", async () => {
    const answer = await raw(
      get("/health"),
      get("/api/v1/unknown"),
      get("/api/v1/status"),
      get("/health", "Connection: close\r\n"),
    );
    expect(statusesOf(answer)).toEqual([200, 404, 200, 200]);
  });

  it("behind a body are not taken for part of it, nor it for one of them", async () => {
    const hidden = get("/api/v1/models");
    const body = JSON.stringify({ installation_id: ID, data: hidden });
    const post = `POST /api/v1/submit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SHARED}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const answer = await raw(post, body, get("/health", "Connection: close\r\n"));
    expect(statusesOf(answer)).toEqual([422, 200]);
  });

  it("behind one without a right to its body are judged by their own token", async () => {
    const body = get("/api/v1/status");
    const post = `POST /api/v1/submit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const bare = "GET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const answer = await raw(post, body, bare);
    // The body was never a request: the refused one, then the one behind it, or the end.
    expect([[401, 401], [401]]).toContainEqual(statusesOf(answer));
  });

  it("of which there are too many end with their connection", async () => {
    const all = Array.from({ length: 1_099 }, () => get("/health"));
    // Who says goodbye is not waited for as one who may ask more.
    const answer = await raw(...all, get("/health", "Connection: close\r\n"));
    const statuses = statusesOf(answer);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1_000);
    expect(statuses.slice(1_000).every((status) => status === 503)).toBe(true);
  });
});
