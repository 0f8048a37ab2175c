/** How many calls one connection may open at once, over real TLS: enough for a daemon, few for strangers. */
import { type ClientHttp2Session, connect } from "node:http2";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { openDoor } from "../../support/door.js";
import { makeIdentity } from "../../support/identity.js";
import { enrol, makeIdentities } from "../../support/identity-bed.js";

const POOL = "/heatpool.community.v1.CommunityService/GetPoolStatus";
const DAEMON_CALLS = 50;
const STRANGER_CALLS = 16;

let server: Awaited<ReturnType<typeof makeIdentity>>;
beforeAll(async () => {
  server = await makeIdentity();
});
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function open() {
  const bed = await makeIdentities();
  const door = await openDoor({ ...bed.parts(), identity: server.identity });
  ends.push(() => door.close());
  const dial = (shown: { cert?: string; key?: string } = {}): ClientHttp2Session => {
    const session = connect(`https://127.0.0.1:${door.ports.main}`, { ca: server.ca, ...shown });
    session.on("error", () => undefined);
    ends.push(() => session.destroy());
    return session;
  };
  const { device, certificate } = await enrol(bed);
  const key = device.tls.export({ type: "pkcs8", format: "pem" }).toString();
  return { dial, own: { cert: certificate, key }, clock: bed.clock };
}

/** Calls one after the other until `most`, or until the connection is cut off. Returns how many ended. */
async function callUpTo(session: ClientHttp2Session, most: number): Promise<number> {
  for (let calls = 0; calls < most; calls += 1) {
    if (session.destroyed || session.closed) return calls;
    const isAnswered = await new Promise<boolean>((resolve) => {
      const request = session.request({
        ":method": "POST",
        ":path": POOL,
        "content-type": "application/grpc",
        te: "trailers",
      });
      let hasHeard = false;
      request.on("response", () => {
        hasHeard = true;
      });
      request.on("error", () => undefined);
      request.on("close", () => resolve(hasHeard));
      request.resume();
      request.end(Buffer.alloc(5));
    });
    if (!isAnswered) return calls;
  }
  return most;
}

describe("calls of one connection", { timeout: 120_000 }, () => {
  it("are as many as a daemon needs, and grow back", async () => {
    const { dial, own, clock } = await open();
    const session = dial(own);
    expect(await callUpTo(session, DAEMON_CALLS)).toBe(DAEMON_CALLS);
    await clock.advance(500);
    expect(await callUpTo(session, 10)).toBe(10);
    expect(await callUpTo(session, 1)).toBe(0);
    // The flood was paid for with new connections, which grow back too.
    expect(await callUpTo(dial(own), 1)).toBe(0);
    await clock.advance(1_000);
    expect(await callUpTo(dial(own), 1)).toBe(1);
  });

  it("are few for who is being sent away", async () => {
    const { dial } = await open();
    expect(await callUpTo(dial(), DAEMON_CALLS)).toBe(STRANGER_CALLS);
  });
});
