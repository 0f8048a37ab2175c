/** Orders for training and what came of them pass the wire unchanged. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminClient, connectAdmin } from "../../../backend/rpc/admin-client.js";
import { keepCandidate } from "../../../backend/train/candidates.js";
import { type OpenDoor, openDoor } from "../../support/door.js";
import { createFakeBehind } from "../../support/fake-behind.js";
import { CANDIDATE, CARD, REPORT } from "../../support/fake-training.js";

let door: OpenDoor;
let admin: AdminClient;
const behind = createFakeBehind();
const ending = new AbortController();

beforeAll(async () => {
  await behind.fakeTraining.ready;
  door = await openDoor({ behind });
  admin = connectAdmin(`127.0.0.1:${door.ports.admin}`, undefined, { nowMs: () => Date.now() });
});

afterAll(async () => {
  ending.abort();
  admin.close();
  await door.close();
});

describe("training over the admin listener", () => {
  it("does not begin in a process that does not train", async () => {
    await expect(admin.training.start({})).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("runs, and tells duration and outcome", async () => {
    const { runs, finish } = behind.fakeTraining;
    const lived = runs.live(ending.signal);
    const order = { heatpumpModel: REPORT.heatpumpModel, since: "2026-05", isDry: true };
    await expect(admin.training.start({ heatpumpModel: "none" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: "Known: Wärmepumpe Ä.",
    });
    const begun = await admin.training.start(order);
    expect(begun).toMatchObject({ id: 1, state: "running", ...order, isOnDemand: true });
    expect(await admin.training.runs()).toEqual(await runs.runs());
    // Who is refused was answered, and learns why and what helps.
    await expect(admin.training.start(order)).rejects.toMatchObject({
      message: "training runs already",
    });
    finish();
    ending.abort();
    await lived;
    const over = await admin.training.runs();
    expect(over).toEqual(await runs.runs());
    expect(over[0]).toMatchObject({ state: "done", models: [{ leftOut: REPORT.leftOut }] });
  });

  it("candidates come with their whole card", async () => {
    const published = { ...CARD.figures, recall: 0.9 };
    const { coldest: _, warmest: __, ...rest } = CARD;
    const card = { ...rest, version: "v2026.10.1", published };
    await keepCandidate(behind.fakeTraining.store, {
      ...{ ...CANDIDATE, card, outcome: "refused", reasons: ["recall: 0.5"] },
    });
    const seen = await admin.training.candidates("");
    expect(seen).toEqual(await behind.training.candidates(""));
    expect(seen.map((one) => one.card)).toEqual([CARD, card]);
    expect(await admin.training.candidates("normal-other")).toEqual([]);
  });

  it("one is published, another discarded", async () => {
    const { modelId } = CANDIDATE;
    expect(await admin.training.publish(modelId, "v2026.10")).toEqual({
      ...{ release: 3, isListed: false },
    });
    await expect(admin.training.publish(modelId, "v2026.10.1")).rejects.toMatchObject({
      code: "STATE_INVALID",
    });
    await admin.training.discard(modelId, "v2026.10.1");
    await expect(admin.training.discard(modelId, "v2026.10.1")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(admin.training.discard(modelId, "")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
