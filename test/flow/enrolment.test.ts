/**
 * A daemon becomes an installation, over real TLS: consent goes along as its owner signed it, answers
 * that get lost lock nobody out, and a withdrawal reaches the backend.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, makeClientConstructor, status } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseUuid } from "#core/uuid.js";
import { createEnrolPace } from "../../backend/rpc/enrol-pace.js";
import { enrolInstallation } from "../../daemon/assembly/enrol-installation.js";
import { openState } from "../../daemon/assembly/state-files.js";
import { parseConfig } from "../../daemon/config.js";
import {
  type ConsentPort,
  type EnrolmentPort,
  enrolDevice,
  isRecorded,
  recordConsent,
  renewDevice,
  tellWithdrawal,
} from "../../daemon/enrolment/enrolment.js";
import { withConsents, withEnrolment } from "../../daemon/uplink/enrolment-client.js";
import { DEVICE_ID, openDevice } from "../support/device-bed.js";
import { hello, openDoor, talk } from "../support/door.js";
import { createFakeTerminal } from "../support/fake-terminal.js";
import { temporaryFolder } from "../support/folder.js";
import { makeIdentity } from "../support/identity.js";
import {
  ASKED_BY_NAME,
  CONSENT,
  clientCredentials,
  makeIdentities,
} from "../support/identity-bed.js";

const code = (name: string) => expect.objectContaining({ code: name });
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
let server: Awaited<ReturnType<typeof makeIdentity>>;
let caFile: string;
beforeAll(async () => {
  server = await makeIdentity();
  caFile = join(temporaryFolder(), "ca.crt");
  writeFileSync(caFile, server.ca);
});

async function open(more: { perPrefix?: number; claims?: Set<string> } = {}) {
  const bed = await makeIdentities(more.claims === undefined ? {} : { claims: more.claims });
  const parts = bed.parts();
  const pace = createEnrolPace({ perPrefix: more.perPrefix ?? 0, all: 0 }, bed.chance, bed.clock);
  const door = await openDoor({
    ...parts,
    enrol: { ...parts.enrol, pace },
    identity: server.identity,
  });
  ends.push(() => door.close());
  const device = openDevice(bed.clock);
  const endpoint = {
    caFile,
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: false,
  } as const;
  const own = () => {
    const { present } = device.identity.record();
    const key = device.identity.keys().tls.export({ type: "pkcs8", format: "pem" }).toString();
    return { certificate: present?.certificate ?? "", key };
  };
  const main = { ...endpoint, address: `127.0.0.1:${door.ports.main}` };
  return {
    bed,
    door,
    device,
    enrolment: <T>(work: (port: EnrolmentPort) => Promise<T>) =>
      withEnrolment({ ...endpoint, address: `127.0.0.1:${door.ports.enrol}` }, work),
    consents: <T>(work: (port: ConsentPort) => Promise<T>) =>
      withConsents({ ...main, identity: own() }, work),
    /** A stream that says hello. */
    say(scopes: readonly string[] = CONSENT.scopes) {
      const shown = { certificate: own().certificate, key: device.identity.keys().tls };
      const call = talk(door.ports.main, { credentials: clientCredentials(server.ca, shown) });
      ends.push(() => call.close());
      const installationId = Buffer.from(parseUuid(DEVICE_ID) ?? []);
      call.say(hello(1, { installationId, consentScopes: [...scopes] }));
      return call;
    },
  };
}

/** A port whose answer to `name` gets lost on its way. */
function losing<Name extends keyof EnrolmentPort>(port: EnrolmentPort, name: Name): EnrolmentPort {
  return {
    ...port,
    async [name](...args: unknown[]) {
      await (port[name] as (...args: unknown[]) => Promise<unknown>)(...args);
      throw new Error("the connection broke");
    },
  };
}

describe("enrolment", () => {
  it("gives a daemon a certificate, with which it may say hello as what its owner signed", async () => {
    const { bed, device, enrolment, say } = await open({ claims: new Set(["token"]) });
    const wish = { consent: CONSENT, claimToken: "token" };
    const recovery = await enrolment((port) => enrolDevice(device.identity, port, wish));
    expect(recovery).toMatch(/^([0-9A-Z]{4}-){6}[0-9A-Z]{2}$/);
    expect(isRecorded(device.identity, CONSENT)).toBe(true);
    expect((await say().hear())?.$case).toBe("welcome");
    const end = await say(["telemetry", "commercial_use"]).ended;
    expect(end.code).toBe(status.FAILED_PRECONDITION);
    // Both sides keep the same proof.
    const [ours] = device.identity.record().proofs;
    const [theirs] = bed.identities.find(DEVICE_ID)?.consents ?? [];
    expect(theirs).toMatchObject({ signature: ours?.signature, spki: ours?.spki });
    expect(device.file.read()).not.toContain(recovery.slice(0, 9));
  });

  it("survives an answer that got lost, with the same keys", async () => {
    const { device, enrolment, say } = await open({ claims: new Set(["token"]) });
    const wish = { consent: CONSENT, claimToken: "token" };
    await expect(
      enrolment((port) => enrolDevice(device.identity, losing(port, "enrol"), wish)),
    ).rejects.toThrow("broke");
    expect(device.identity.certificate()).toBeUndefined();
    await enrolment((port) => enrolDevice(device.identity, port, wish));
    expect((await say().hear())?.$case).toBe("welcome");
  });

  it("renews with a new key, also when an answer got lost", async () => {
    const { device, enrolment, say } = await open();
    const wish = { consent: CONSENT, claimToken: "" };
    await enrolment((port) => enrolDevice(device.identity, port, wish));
    const first = device.identity.record().present?.keys;
    expect((await say().hear())?.$case).toBe("welcome");
    await expect(
      enrolment((port) => renewDevice(device.identity, losing(port, "renew"))),
    ).rejects.toThrow("broke");
    expect(device.identity.record().present?.keys).toEqual(first);
    await enrolment((port) => renewDevice(device.identity, port));
    const second = device.identity.record().present?.keys;
    expect(second?.tls).not.toBe(first?.tls);
    expect(device.hasKey(first?.tls ?? "")).toBe(false);
    expect((await say().hear())?.$case).toBe("welcome");
  });

  it("hears of a wider consent, and of a withdrawal, which ends the stream", async () => {
    const { device, door, enrolment, consents, say } = await open();
    await enrolment((port) =>
      enrolDevice(device.identity, port, { consent: CONSENT, claimToken: "" }),
    );
    const wider = { ...CONSENT, scopes: ["telemetry", "community_stats"] as const };
    await consents((port) => recordConsent(device.identity, port, wider));
    const stream = say(wider.scopes);
    expect((await stream.hear())?.$case).toBe("welcome");
    await consents((port) => tellWithdrawal(device.identity, port));
    expect((await stream.ended).code).toBe(status.FAILED_PRECONDITION);
    expect(device.identity.record().recordedConsent).toBe("");
    expect((await say(wider.scopes).ended).code).toBe(status.FAILED_PRECONDITION);
    expect(door.bugs).toEqual([]);
    await consents((port) => recordConsent(device.identity, port, CONSENT));
    expect((await say().hear())?.$case).toBe("welcome");
  });
});

describe("the listener for enrolment", () => {
  it("listens to five calls an hour of one network, and says when it will again", async () => {
    const { bed, enrolment } = await open({ perPrefix: 5 });
    const ask = () => enrolment((port) => port.challenge());
    for (let call = 0; call < 5; call++) expect(await ask()).toHaveLength(32);
    await expect(ask()).rejects.toEqual(code("RATE_LIMITED"));
    await bed.clock.advance(3_600_000);
    expect(await ask()).toHaveLength(32);
  });

  it("has nothing but enrolment, and takes no message above 64 KiB", async () => {
    const { door } = await open();
    const Client = makeClientConstructor({}, "none");
    const client = new Client(
      `127.0.0.1:${door.ports.enrol}`,
      clientCredentials(server.ca) ?? credentials.createInsecure(),
      ASKED_BY_NAME,
    );
    ends.push(() => client.close());
    const call = (path: string, bytes: number) =>
      new Promise<number>((resolve) => {
        const same = (given: Buffer) => given;
        client.makeUnaryRequest(path, same, same, Buffer.alloc(bytes), (error) =>
          resolve(error?.code ?? status.OK),
        );
      });
    const main = "/heatpool.telemetry.v1.TelemetryService/Deliver";
    expect(await call(main, 0)).toBe(status.UNIMPLEMENTED);
    expect(await call("/heatpool.admin.v1.AdminService/GetStatus", 0)).toBe(status.UNIMPLEMENTED);
    expect(await call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", 0)).toBe(
      status.UNIMPLEMENTED,
    );
    const enrol = "/heatpool.enrolment.v1.EnrolmentService/Enrol";
    expect(await call(enrol, 64 * 1024 + 1)).toBe(status.RESOURCE_EXHAUSTED);
    expect(await call(enrol, 0)).toBe(status.INVALID_ARGUMENT);
    expect(door.bugs).toEqual([]);
  });
});

describe("whom the backend refuses as a stranger", () => {
  it("is told what to do, with a token and without one", async () => {
    const { door } = await open({ claims: new Set(["good"]) });
    const folder = temporaryFolder();
    const config = parseConfig(
      [
        "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
        `stateDir: ${join(folder, "state")}`,
        `keys: { secretFile: ${join(folder, "secret")} }`,
        `backend: { url: "127.0.0.1:${door.ports.main}", enrolUrl: "127.0.0.1:${door.ports.enrol}", caFile: ${caFile} }`,
      ].join("\n"),
    );
    const { terminal } = createFakeTerminal();
    openState(config, terminal.clock, "0.1.0").book.grant({ locale: "en", scopes: [] });
    const enrol = (claimToken: string) =>
      enrolInstallation(config, terminal, { address: undefined, claimToken });
    await expect(enrol("")).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      hint: expect.stringContaining("--claim-token-file"),
    });
    await expect(enrol("used")).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      hint: expect.stringContaining("Ask the operator for another"),
    });
    expect((await enrol("good")).recoveryCode).toMatch(/^([0-9A-Z]{4}-){6}[0-9A-Z]{2}$/);
  });
});
