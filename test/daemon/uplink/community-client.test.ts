/** Questions to the community, over the real door. */
import { afterEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { connectCommunity } from "../../../daemon/uplink/community-client.js";
import { openDoor } from "../../support/door.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function connect(more: { insecureLoopback?: boolean; address?: string } = {}) {
  const door = await openDoor();
  ends.push(() => door.close());
  const client = connectCommunity({
    address: `127.0.0.1:${door.ports.main}`,
    caFile: undefined,
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: true,
    ...more,
  });
  ends.push(() => client.close());
  return { door, client };
}

describe("the community client", () => {
  it("brings the pool's size and its words in both languages", async () => {
    const { door, client } = await connect();
    const said = door.behind.community.poolStatus();
    expect(await client.poolStatus()).toEqual({
      installations: said.totalInstallations,
      readings: said.totalReadings,
      isSufficient: said.dataSufficient,
      message: { de: said.messageDe, en: said.message },
      isClosedTestPool: said.closedTestPool,
    });
  });

  it("brings the verdict on models with its reason", async () => {
    const { door, client } = await connect();
    const id = "550e8400-e29b-41d4-a716-446655440000";
    const said = door.behind.eligibility(id, "idm/navigator-2.0");
    expect(await client.eligibility(id, "idm/navigator-2.0")).toMatchObject({
      isEligible: said.eligible,
      reason: { de: said.reasonDe, en: said.reason },
      windowDays: said.windowDays,
    });
  });

  it("brings where the installation stands, with words in both languages", async () => {
    const { door, client } = await connect();
    const rank = { quantity: "cop_total", unit: "", heatpumpModel: "idm/navigator-2.0" };
    const words = { title: { de: "Dabei", en: "There" }, text: { de: "Seit", en: "Since" } };
    door.behind.efficiency.standing = async (_, window) => ({
      window,
      ranks: [
        { ...rank, value: 3.5, betterThanPercent: 75, installations: 15 },
        { ...rank, value: 7, betterThanPercent: undefined, installations: undefined },
      ],
      badges: [{ id: "contributor", rule: { kind: "contribution", daysMin: 30 }, ...words }],
      releasedAtMs: 1_790_000_000_000,
    });
    expect(await client.standing("550e8400-e29b-41d4-a716-446655440000")).toEqual({
      window: "30d",
      ranks: [
        { ...rank, value: 3.5, betterThanPercent: 75, installations: 15 },
        { ...rank, value: 7, betterThanPercent: undefined, installations: undefined },
      ],
      badges: [{ id: "contributor", ...words }],
      releasedAtMs: 1_790_000_000_000,
    });
  });

  it.each(["NOT_FOUND", "PERMISSION_DENIED"] as const)(
    "brings no standing where the backend answers %s",
    async (code) => {
      const { door, client } = await connect();
      door.behind.efficiency.standing = async () => {
        throw new HeatpoolError(code, "no");
      };
      expect(await client.standing("550e8400-e29b-41d4-a716-446655440000")).toBeUndefined();
    },
  );

  it("brings released averages, and says why there are none", async () => {
    const { door, client } = await connect();
    const said = door.behind.community.averages("idm/navigator-2.0", []);
    expect(await client.averages("idm/navigator-2.0", [])).toMatchObject({
      heatpumpModel: said.heatpumpModel,
      installations: said.installations,
      suppressedBecause: said.suppressedBecause,
      metrics: said.metrics.map(({ metric, mean }) => ({ metric, mean })),
    });
  });

  it("tells that nobody answers as an error of ours", async () => {
    const { client } = await connect({ address: "127.0.0.1:1" });
    await expect(client.poolStatus()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.not.stringMatching(/Resolution note: $/),
      hint: expect.stringContaining("heatpool doctor"),
    });
  });
});
