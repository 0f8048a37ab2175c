/**
 * Whose call it is, over real TLS on this Node: a missing, foreign, expired, revoked or replaced
 * certificate is refused on every call, whether the session is new or resumed, and an open stream
 * does not outlive its identity by more than five seconds.
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { issueAuthority, issueInstallationCertificate } from "#core/certificate/certificate.js";
import { encodePem } from "#core/certificate/der.js";
import { parseUuid } from "#core/uuid.js";
import { createChance } from "../../support/chance.js";
import { batch, hello, type OpenDoor, openDoor, talk } from "../../support/door.js";
import { settle } from "../../support/fake-clock.js";
import { makeIdentity } from "../../support/identity.js";
import {
  clientCredentials,
  type DeviceKeys,
  enrol,
  makeIdentities,
  newDevice,
  renewRequest,
  toPem,
} from "../../support/identity-bed.js";

const DAY_MS = 86_400_000;
const chance = createChance(31);
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
  return { bed, door };
}

interface Shown {
  readonly certificate: string;
  readonly key: KeyObject;
}

const helloOf = (installationId: string) =>
  hello(1, { installationId: Buffer.from(parseUuid(installationId) ?? []) });

function deliver(door: OpenDoor, shown?: Shown) {
  const call = talk(door.ports.main, { credentials: clientCredentials(server.ca, shown) });
  ends.push(() => call.close());
  return call;
}

/** Status of a stream that says hello for `id`. */
async function statusOf(door: OpenDoor, id: string, shown?: Shown): Promise<number> {
  const call = deliver(door, shown);
  call.say(helloOf(id));
  const first = await Promise.race([call.hear().catch(() => undefined), call.ended]);
  if (first !== undefined && "$case" in first) return status.OK;
  return (await call.ended).code;
}

/** A TLS connection of its own, and the ticket that it was given. */
async function dial(port: number, shown?: Shown, session?: Buffer) {
  const socket = connectTls({
    host: "127.0.0.1",
    port,
    ca: server.ca,
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.3",
    ...(shown !== undefined && {
      cert: shown.certificate,
      key: shown.key.export({ type: "pkcs8", format: "pem" }),
    }),
    ...(session !== undefined && { session }),
  });
  ends.push(() => socket.destroy());
  const ticket = new Promise<Buffer>((resolve) => socket.once("session", resolve));
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve).once("error", reject);
  });
  return { socket, ticket };
}

/** gRPC status of a call of the model service over `socket`. */
async function callOver(socket: TLSSocket): Promise<number> {
  const session = connectHttp2("https://localhost", { createConnection: () => socket });
  session.on("error", () => undefined);
  const stream = session.request({
    ":method": "POST",
    ":path": "/heatpool.community.v1.CommunityService/GetPoolStatus",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(Buffer.alloc(5));
  stream.resume();
  return await new Promise((resolve, reject) => {
    const read = (headers: Record<string, unknown>) => {
      const found = headers["grpc-status"];
      if (found !== undefined) resolve(Number(found));
    };
    stream.on("response", read).on("trailers", read).once("error", reject);
  });
}

/** A certificate in the form of ours from an authority that is not. */
function foreign(installationId: string): Shown {
  const [authority, device] = [0, 0].map(() =>
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ) as [ReturnType<typeof pair>, ReturnType<typeof pair>];
  const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS };
  const certificate = issueAuthority({
    commonName: "somebody else",
    privateKey: authority.privateKey,
    serial: chance(16),
    validity,
  });
  const leaf = issueInstallationCertificate(
    { installationId, publicKey: device.publicKey, serial: chance(16), validity },
    { certificate, privateKey: authority.privateKey },
  );
  return { certificate: encodePem("CERTIFICATE", leaf), key: device.privateKey };
}

function pair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

async function newcomer(bed: Awaited<ReturnType<typeof makeIdentities>>) {
  const { device, certificate } = await enrol(bed);
  return { id: device.installationId, device, shown: { certificate, key: device.tls } };
}

async function renew(bed: Awaited<ReturnType<typeof makeIdentities>>, device: DeviceKeys) {
  const next = newDevice(device.installationId);
  const nonce = bed.enrolment.challenge();
  const { chain } = await bed.enrolment.renew(renewRequest(device, next, nonce));
  return { device: next, shown: { certificate: toPem(chain.slice(0, 1)), key: next.tls } };
}

describe("the main listener", () => {
  it("lets an enrolled installation in", async () => {
    const { bed, door } = await open();
    const { id, shown } = await newcomer(bed);
    expect(await statusOf(door, id, shown)).toBe(status.OK);
    await settle();
    expect(bed.identities.find(id)?.firstUsedAtMs).toBeGreaterThan(0);
    expect(bed.faults).toEqual([]);
  });

  it("refuses no certificate, a foreign one, and a known key without its certificate", async () => {
    const { bed, door } = await open();
    const { id, device } = await newcomer(bed);
    expect(await statusOf(door, id)).toBe(status.UNAUTHENTICATED);
    expect(await statusOf(door, id, foreign(id))).toBe(status.UNAUTHENTICATED);
    // The right key with a certificate that somebody else signed for it.
    const { certificate, key } = foreign(id);
    expect(await statusOf(door, id, { certificate, key })).toBe(status.UNAUTHENTICATED);
    expect(device.tls.equals(key)).toBe(false);
  });

  it("refuses an expired, a replaced and a revoked certificate", async () => {
    const { bed, door } = await open();
    const one = await newcomer(bed);
    const two = await newcomer(bed);
    const three = await newcomer(bed);
    expect(await statusOf(door, one.id, one.shown)).toBe(status.OK);
    await bed.door.revoke(one.id);
    expect(await statusOf(door, one.id, one.shown)).toBe(status.UNAUTHENTICATED);
    const renewed = await renew(bed, two.device);
    expect(await statusOf(door, two.id, two.shown)).toBe(status.UNAUTHENTICATED);
    expect(await statusOf(door, two.id, renewed.shown)).toBe(status.OK);
    bed.clock.stepWall(bed.clock.nowMs() + 91 * DAY_MS);
    expect(await statusOf(door, three.id, three.shown)).toBe(status.UNAUTHENTICATED);
  });

  it("refuses a hello that names another installation, before anything is opened", async () => {
    const { bed, door } = await open();
    const one = await newcomer(bed);
    const two = await newcomer(bed);
    expect(await statusOf(door, two.id, one.shown)).toBe(status.PERMISSION_DENIED);
    expect(door.behind.opened).toEqual([]);
    expect(door.events).toEqual([]);
  });

  it("refuses a resumed session whose certificate expired, was revoked, or never was", async () => {
    const { bed, door } = await open();
    const port = door.ports.main;
    const one = await newcomer(bed);
    const two = await newcomer(bed);
    const first = await dial(port, one.shown);
    const second = await dial(port, two.shown);
    const nobody = await dial(port);
    const stranger = await dial(port, foreign(one.id));
    expect(await callOver(first.socket)).toBe(status.OK);
    expect(await callOver(second.socket)).toBe(status.OK);
    expect(await callOver(nobody.socket)).toBe(status.UNAUTHENTICATED);
    expect(await callOver(stranger.socket)).toBe(status.UNAUTHENTICATED);
    const resume = async (ticket: Promise<Buffer>, shown?: Shown) => {
      const again = await dial(port, shown, await ticket);
      return { isResumed: again.socket.isSessionReused(), code: await callOver(again.socket) };
    };
    // The ticket carries the certificate: who holds it and its secret is that installation.
    expect(await resume(first.ticket)).toEqual({ isResumed: true, code: status.OK });
    expect((await resume(nobody.ticket)).code).toBe(status.UNAUTHENTICATED);
    expect((await resume(stranger.ticket)).code).toBe(status.UNAUTHENTICATED);
    await bed.door.revoke(two.id);
    expect(await resume(second.ticket)).toEqual({
      isResumed: true,
      code: status.UNAUTHENTICATED,
    });
    bed.clock.stepWall(bed.clock.nowMs() + 91 * DAY_MS);
    expect(await resume(first.ticket)).toEqual({ isResumed: true, code: status.UNAUTHENTICATED });
    // A certificate that is shown beside somebody else's ticket changes nothing.
    expect((await resume(nobody.ticket, one.shown)).code).toBe(status.UNAUTHENTICATED);
  });

  it("refuses every call of a connection once its identity ended", async () => {
    const { bed, door } = await open();
    const { id, shown } = await newcomer(bed);
    const { socket } = await dial(door.ports.main, shown);
    expect(await callOver(socket)).toBe(status.OK);
    await bed.door.revoke(id);
    const other = await dial(door.ports.main, shown);
    expect(await callOver(other.socket)).toBe(status.UNAUTHENTICATED);
  });

  it("sends away who may not speak within five seconds", async () => {
    const { bed, door } = await open();
    const { socket } = await dial(door.ports.main);
    // Without a reader the end would not be seen.
    const closed = new Promise<void>((resolve) => socket.resume().once("close", () => resolve()));
    await settle();
    await bed.clock.advance(5_000);
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});

describe("an open stream", () => {
  async function opened() {
    const { bed, door } = await open();
    const it = await newcomer(bed);
    const call = deliver(door, it.shown);
    call.say(helloOf(it.id));
    expect((await call.hear())?.$case).toBe("welcome");
    return { bed, door, call, ...it };
  }

  it.each([
    [
      "revoked",
      async (bed: Awaited<ReturnType<typeof makeIdentities>>, id: string) => {
        await bed.door.revoke(id);
      },
    ],
    [
      "erased",
      async (bed: Awaited<ReturnType<typeof makeIdentities>>, id: string) => {
        await bed.identities.remove(id, bed.clock.nowMs());
      },
    ],
    [
      "expired",
      async (bed: Awaited<ReturnType<typeof makeIdentities>>) => {
        bed.clock.stepWall(bed.clock.nowMs() + 91 * DAY_MS);
      },
    ],
    [
      "replaced",
      async (bed: Awaited<ReturnType<typeof makeIdentities>>, _: string, device: DeviceKeys) => {
        await renew(bed, device);
      },
    ],
  ] as const)("is closed within five seconds when its identity is %s", async (_, happen) => {
    const { bed, call, id, device } = await opened();
    call.say(batch(1));
    expect((await call.hear())?.$case).toBe("ack");
    await happen(bed, id, device);
    await bed.clock.advance(5_000);
    expect((await call.ended).code).toBe(status.UNAUTHENTICATED);
  });

  it("is closed when its owner withdraws, and comes back only with a new consent", async () => {
    const { bed, door, call, id, shown } = await opened();
    expect(bed.door.consents.present(id)?.version).toBe(1);
    const known = bed.identities.find(id);
    await bed.identities.update(id, (present) =>
      present === undefined
        ? undefined
        : {
            ...present,
            consents: present.consents.map((one) => ({ ...one, withdrawnAtMs: 1 })),
          },
    );
    expect(known).toBeDefined();
    call.close();
    expect(await statusOf(door, id, shown)).toBe(status.FAILED_PRECONDITION);
  });
});

describe("two daemons with one key", () => {
  it("are both asked for a new one, the second is sent away, and the operator sees it", async () => {
    const { bed, door } = await open();
    const { id, device, shown } = await newcomer(bed);
    const first = deliver(door, shown);
    first.say(helloOf(id));
    expect((await first.hear())?.$case).toBe("welcome");
    const second = deliver(door, shown);
    const other = helloOf(id);
    if (other?.$case === "hello") other.value.bootId = Buffer.alloc(16, 9);
    second.say(other);
    const end = await second.ended;
    expect(end.code).toBe(status.ABORTED);
    expect(end.metadata.get("heatpool-code")).toEqual(["SUPERSEDED"]);
    expect(await first.hear()).toMatchObject({ $case: "control", value: { renewIdentity: true } });
    expect(door.events).toContain("rpc.clone-suspected");
    await settle();
    expect(bed.door.list("", 9, [])).toMatchObject([{ installationId: id, identity: "active" }]);
    expect(bed.door.list("", 9, [])[0]?.cloneSuspectedAtMs).toBeGreaterThan(0);
    // Whoever comes next with this key is asked as well, until one of them renewed.
    first.close();
    await settle();
    const third = deliver(door, shown);
    third.say(helloOf(id));
    expect((await third.hear())?.$case).toBe("welcome");
    expect(await third.hear()).toMatchObject({ $case: "control", value: { renewIdentity: true } });
    await renew(bed, device);
    expect(bed.identities.find(id)?.cloneSuspectedAtMs).toBe(0);
    expect(await statusOf(door, id, shown)).toBe(status.UNAUTHENTICATED);
  });
});
