/**
 * Owners' rights at the door: about one's own installation and no other, again when an answer got
 * lost, and nothing more for who was erased.
 */
import { X509Certificate } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseReceipt } from "#core/enrolment/erasure-receipt.js";
import { erasureStatement, isSignedBy } from "#core/enrolment/statement.js";
import { parseUuid } from "#core/uuid.js";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";
import { PrivacyServiceClient } from "#proto/heatpool/privacy/v1/privacy_service.js";
import type { Push } from "../../../backend/push/push.js";
import { openDoor } from "../../support/door.js";
import { createFakeBehind } from "../../support/fake-behind.js";
import { settle } from "../../support/fake-clock.js";
import { makeIdentity } from "../../support/identity.js";
import {
  ASKED_BY_NAME,
  clientCredentials,
  enrol,
  makeIdentities,
} from "../../support/identity-bed.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
let server: Awaited<ReturnType<typeof makeIdentity>>;
beforeAll(async () => {
  server = await makeIdentity();
});

const bytesOf = (id: string) => Buffer.from(parseUuid(id) ?? []);

/** A door with one installation, whose data can be erased. */
async function open(push?: Push) {
  const erased = new Set<string>();
  const bed = await makeIdentities({ erased });
  const { device, certificate, recoveryCode } = await enrol(bed);
  const id = device.installationId;
  const behind = {
    ...createFakeBehind(),
    ...(push === undefined ? {} : { push }),
    async erase(wanted: string) {
      await bed.identities.remove(wanted, 0);
      erased.add(wanted);
      const counts = { batches: 3, refusedBatches: 1, losses: 2 };
      return { installationId: wanted, erasedAtMs: 1_790_000_000_000, ...counts };
    },
    async *exportLines(wanted: string) {
      for (let line = 0; line < 3_000; line++) yield JSON.stringify({ line, wanted });
    },
  };
  const door = await openDoor({ ...bed.parts(), behind, identity: server.identity });
  ends.push(() => door.close());
  const shown = clientCredentials(server.ca, { certificate, key: device.tls });
  const client = new PrivacyServiceClient(`127.0.0.1:${door.ports.main}`, shown, ASKED_BY_NAME);
  ends.push(() => client.close());
  const erase = (wanted: string) =>
    new Promise<{ code: number; receipt: Buffer; signature: Buffer; signer: Buffer }>((resolve) => {
      client.erase({ installationId: bytesOf(wanted) }, (error, answer) =>
        resolve({ code: error?.code ?? status.OK, ...answer }),
      );
    });
  return { bed, door, client, shown, id, recoveryCode, erased, erase };
}

describe("the privacy service", () => {
  it("refuses who names another installation, and does nothing", async () => {
    const { bed, client, id, erase, erased } = await open();
    const other = await enrol(bed);
    expect((await erase(other.device.installationId)).code).toBe(status.PERMISSION_DENIED);
    const installationId = bytesOf(other.device.installationId);
    const code = await new Promise((resolve) => {
      client.renewRecoveryCode({ installationId }, (error) => resolve(error?.code));
    });
    expect(code).toBe(status.PERMISSION_DENIED);
    const call = client.export({ installationId });
    const exported = await new Promise((resolve) => {
      call.on("error", (error: { code?: number }) => resolve(error.code)).resume();
    });
    expect(exported).toBe(status.PERMISSION_DENIED);
    expect([...erased]).toEqual([]);
    expect(bed.identities.find(id)).toBeDefined();
  });

  it("gives everything out in pieces of at most 64 KiB", async () => {
    const { client, id } = await open();
    const pieces: Buffer[] = [];
    const call = client.export({ installationId: bytesOf(id) });
    for await (const { piece } of call as AsyncIterable<{ piece: Buffer }>) pieces.push(piece);
    expect(Math.max(...pieces.map((one) => one.length))).toBeLessThanOrEqual(64 * 1024);
    expect(pieces.length).toBeGreaterThan(1);
    const lines = Buffer.concat(pieces).toString("utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).line)).toEqual([...lines.keys()]);
  });

  it("signs a receipt, gives it again to who was erased, and answers nothing else", async () => {
    const { bed, client, id, erase, door } = await open();
    const first = await erase(id);
    const again = await erase(id);
    expect([first.code, again.code]).toEqual([status.OK, status.OK]);
    expect(again.receipt).toEqual(first.receipt);
    expect(parseReceipt(first.receipt)).toEqual({
      batches: 3,
      erased_at: "2026-09-21T14:13:20.000Z",
      installation_id: id,
      losses: 2,
      refused_batches: 1,
    });
    for (const { receipt, signature, signer } of [first, again]) {
      const { publicKey } = new X509Certificate(signer);
      expect(isSignedBy(erasureStatement(receipt), publicKey, signature)).toBe(true);
    }
    const code = await new Promise((resolve) => {
      client.renewRecoveryCode({ installationId: bytesOf(id) }, (error) => resolve(error?.code));
    });
    expect(code).toBe(status.UNAUTHENTICATED);
    expect(bed.identities.find(id)).toBeUndefined();
    expect(door.bugs).toEqual([]);
  });

  it("refuses a receipt to a certificate that expired since, and to a revoked one", async () => {
    const { bed, id, erase } = await open();
    await bed.door.revoke(id);
    expect((await erase(id)).code).toBe(status.UNAUTHENTICATED);
    const other = await open();
    await other.erase(other.id);
    other.bed.clock.stepWall(other.bed.clock.nowMs() + 91 * 86_400_000);
    expect((await other.erase(other.id)).code).toBe(status.UNAUTHENTICATED);
  });
});

describe("a Receive stream", () => {
  it("ends a Receive stream whose certificate is taken back", async () => {
    let [isOpen, isClosed] = [false, false];
    let wake = () => {};
    const push: Push = {
      open: () => ({
        want() {},
        report() {},
        async *messages() {
          isOpen = true;
          while (!isClosed) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        },
        close() {
          isClosed = true;
          wake();
        },
      }),
      refresh() {},
      noteChange() {},
      run: async () => {},
      spread: () => [],
      forget() {},
      listeners: 0,
    };
    const { bed, door, shown, id } = await open(push);
    const client = new ModelServiceClient(`127.0.0.1:${door.ports.main}`, shown, ASKED_BY_NAME);
    ends.push(() => client.close());
    const call = client.receive();
    const ended = new Promise<number>((resolve) => {
      call.on("error", () => undefined).on("status", ({ code }) => resolve(code));
    });
    call.resume();
    const value = {
      installationId: bytesOf(id),
      nonce: Buffer.alloc(32, 9),
      kid: Buffer.alloc(32, 1),
      lastGrantSeq: 0n,
      installed: [],
      heatpumpModels: [],
      daemonVersion: "1.0.0",
      consentVersion: 1,
    };
    call.write({ body: { $case: "hello", value } });
    while (!isOpen) await settle();
    await bed.door.revoke(id);
    let code: number | undefined;
    void ended.then((found) => {
      code = found;
    });
    for (let second = 0; second < 60 && code === undefined; second++) {
      await bed.clock.advance(1_000);
      await settle();
    }
    expect(await ended).toBe(status.UNAUTHENTICATED);
    expect(isClosed).toBe(true);
  });
});
