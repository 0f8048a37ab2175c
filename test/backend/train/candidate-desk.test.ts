/** Nothing that was refused may be published, and nothing that daemons have may vanish. */
import { describe, expect, it } from "vitest";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { createCandidateDesk } from "../../../backend/train/candidate-desk.js";
import { keepCandidate } from "../../../backend/train/candidates.js";
import { CANDIDATE } from "../../support/fake-training.js";

async function open(more: Partial<typeof CANDIDATE> = {}) {
  const store = createMemorySnapshotStore();
  await keepCandidate(store, { ...CANDIDATE, ...more });
  const sealed: string[] = [];
  const desk = createCandidateDesk(store, async ({ modelId }, content) => {
    sealed.push(`${modelId} ${Buffer.from(content)}`);
    return { release: 7, isListed: true };
  });
  return { store, desk, sealed };
}

const OWN = [CANDIDATE.modelId, CANDIDATE.card.version] as const;

describe("a candidate", () => {
  it("is listed with its card and without its content", async () => {
    const { desk } = await open();
    const { content: _, ...facts } = CANDIDATE;
    expect(await desk.candidates("")).toEqual([{ ...facts, bytes: 2 }]);
    expect(await desk.candidates("normal-other")).toEqual([]);
  });

  it("is published once, with its content", async () => {
    const { desk, sealed } = await open();
    expect(await desk.publish(...OWN)).toEqual({ release: 7, isListed: true });
    expect(sealed).toEqual([`${CANDIDATE.modelId} {}`]);
    expect((await desk.candidates(""))[0]?.outcome).toBe("published");
    await expect(desk.publish(...OWN)).rejects.toThrow("is published already");
    await expect(desk.discard(...OWN)).rejects.toMatchObject({ code: "STATE_INVALID" });
  });

  it("that was refused is not published, and says why", async () => {
    const { desk, sealed } = await open({ outcome: "refused", reasons: ["recall: 0.5"] });
    await expect(desk.publish(...OWN)).rejects.toThrow("was refused: recall: 0.5");
    expect(sealed).toEqual([]);
  });

  it("is forgotten when it is discarded", async () => {
    const { desk, store } = await open();
    await desk.discard(...OWN);
    expect(await store.recordNames("train/")).toEqual([]);
    await expect(desk.discard(...OWN)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("of another model is not taken for it", async () => {
    const { desk } = await open();
    // Names of records begin alike.
    await expect(desk.publish("normal-acme", "v2026.10")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("waits where there are no keys to seal with", async () => {
    const { store } = await open();
    const desk = createCandidateDesk(store, undefined);
    await expect(desk.publish(...OWN)).rejects.toMatchObject({ code: "STATE_INVALID" });
  });
});
