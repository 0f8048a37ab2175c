/** Decides about candidates as they are kept in the store; see `CandidateDesk`. */
import { HeatpoolError } from "#core/errors.js";
import {
  type CandidateRecords,
  listCandidates,
  markPublished,
  removeCandidate,
} from "./candidates.js";
import type { CandidateDesk, KeptCandidate, PublishedCandidate } from "./training-desk.js";

/** Seals content and enters it in the catalogue. */
export type PublishContent = (
  candidate: Omit<KeptCandidate, "content">,
  content: Uint8Array,
) => Promise<PublishedCandidate>;

/**
 * @param publish `undefined`: there are no keys to seal with
 */
export function createCandidateDesk(
  store: CandidateRecords,
  publish: PublishContent | undefined,
): CandidateDesk {
  const find = async (modelId: string, version: string): Promise<KeptCandidate> => {
    const all = await listCandidates(store, modelId);
    const found = all.find((one) => one.modelId === modelId && one.card.version === version);
    if (found !== undefined) return found;
    const known = all.map(({ card }) => card.version).join(", ") || "none";
    throw new HeatpoolError("NOT_FOUND", `no candidate ${version} of ${modelId}`, {
      hint: `There are: ${known}.`,
    });
  };
  return {
    async candidates(modelId) {
      const all = await listCandidates(store, modelId);
      return all.map(({ content, ...one }) => ({
        ...one,
        bytes: Buffer.byteLength(content, "base64"),
      }));
    },
    async publish(modelId, version) {
      const one = await find(modelId, version);
      requirePublishable(one);
      if (publish === undefined)
        throw new HeatpoolError("STATE_INVALID", "there are no keys to seal a model with", {
          hint: "`keys init` makes them.",
        });
      const published = await publish(one, Buffer.from(one.content, "base64"));
      await markPublished(store, modelId, version);
      return published;
    },
    async discard(modelId, version) {
      const { outcome } = await find(modelId, version);
      if (outcome === "published")
        throw new HeatpoolError("STATE_INVALID", `${version} of ${modelId} is published`, {
          hint: "`models revoke` ends its use, `models rollback` goes back to an earlier one.",
        });
      await removeCandidate(store, modelId, version);
    },
  };
}

function requirePublishable({ modelId, card, outcome, reasons }: KeptCandidate): void {
  if (outcome === "candidate") return;
  const what = `${card.version} of ${modelId}`;
  if (outcome === "published")
    throw new HeatpoolError("STATE_INVALID", `${what} is published already`);
  throw new HeatpoolError("STATE_INVALID", `${what} was refused: ${reasons.join("; ")}`, {
    hint: "What does not pass every gate is not published.",
  });
}
