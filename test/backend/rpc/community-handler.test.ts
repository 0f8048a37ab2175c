/**
 * A standing over the wire: what one household does is told to that household and to nobody else,
 * over real TLS with the certificate that it enrolled for.
 */
import { type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { GetStandingResponse } from "#proto/heatpool/community/v1/community.js";
import { CommunityServiceClient } from "#proto/heatpool/community/v1/community_service.js";
import { openDoor } from "../../support/door.js";
import { START_MS, wholeWeekOf } from "../../support/efficiency-bed.js";
import { createFakeBehind } from "../../support/fake-behind.js";
import { makeIdentity } from "../../support/identity.js";
import {
  ASKED_BY_NAME,
  clientCredentials,
  enrol,
  makeIdentities,
  newDevice,
} from "../../support/identity-bed.js";
import { installationId, MODEL } from "../../support/pool-bed.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
let server: Awaited<ReturnType<typeof makeIdentity>>;
beforeAll(async () => {
  server = await makeIdentity();
});

/** Fifteen contributed a week; the door asks for certificates. */
async function openPool() {
  const { bed: pool } = await wholeWeekOf(15);
  await pool.community.release();
  const bed = await makeIdentities();
  const behind = { ...createFakeBehind(), efficiency: pool.efficiency };
  const door = await openDoor({ ...bed.parts(), behind, identity: server.identity });
  ends.push(() => door.close());
  const clientOf = async (id: string) => {
    const { device, certificate } = await enrol(bed, newDevice(id));
    const shown = { certificate, key: device.tls };
    const client = new CommunityServiceClient(
      `127.0.0.1:${door.ports.main}`,
      clientCredentials(server.ca, shown),
      { "grpc.use_local_subchannel_pool": 1, ...ASKED_BY_NAME },
    );
    ends.push(() => client.close());
    return client;
  };
  return { clientOf };
}

function standing(client: CommunityServiceClient, id: string, window = "7d") {
  return new Promise<GetStandingResponse>((resolve, reject) => {
    client.getStanding({ installationId: id, window }, (error, found) =>
      error === null ? resolve(found) : reject(error),
    );
  });
}

async function refusal(client: CommunityServiceClient, id: string, window?: string) {
  const error = await standing(client, id, window).catch((cause: ServiceError) => cause);
  return "code" in error ? error.code : status.OK;
}

describe("GetStanding", () => {
  it("tells an installation its rank among its like, and what it has earned", async () => {
    const { clientOf } = await openPool();
    const best = installationId(15);
    const client = await clientOf(best);
    const found = await standing(client, best);
    expect(found).toMatchObject({ window: "7d", releasedAtMs: BigInt(START_MS), badges: [] });
    expect(found.ranks.find((one) => one.quantity === "cop_total")).toEqual({
      quantity: "cop_total",
      unit: "",
      heatpumpModel: MODEL,
      value: 3.5,
      betterThanPercent: 65,
      installations: 15,
    });
    // What has no better end is told without a rank.
    const hours = found.ranks.find((one) => one.betterThanPercent === undefined);
    expect(hours?.installations).toBeUndefined();
    // No window said: a month, of which a week is too little.
    expect(await standing(client, best, "")).toMatchObject({ window: "30d", ranks: [] });
  });

  it("is told to nobody else, whatever spelling of the other's id is tried", async () => {
    const { clientOf } = await openPool();
    const client = await clientOf(installationId(1));
    const other = installationId(2);
    for (const spelling of [other, `{${other}}`, other.replaceAll("-", "")]) {
      expect(await refusal(client, spelling)).toBe(status.PERMISSION_DENIED);
    }
    expect(await refusal(client, installationId(1))).toBe(status.OK);
  });

  it("refuses what is no id, a window that there is not, and knows who never sent", async () => {
    const { clientOf } = await openPool();
    const client = await clientOf(installationId(1));
    expect(await refusal(client, "")).toBe(status.INVALID_ARGUMENT);
    expect(await refusal(client, installationId(1), "1h")).toBe(status.INVALID_ARGUMENT);
    const silent = installationId(99);
    expect(await refusal(await clientOf(silent), silent)).toBe(status.NOT_FOUND);
  });
});
