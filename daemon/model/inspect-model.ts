/**
 * The last two steps before a model is used: is its content of a kind that we know, and does it
 * work? Content is data, never code.
 */
import { decodeArtefact } from "#core/anomaly/artefact.js";
import { passesSelfTest } from "#core/anomaly/self-test.js";
import type { InspectModel } from "./model.js";

/** For models of the kinds that this program scores with. */
export const inspectModel: InspectModel = (_target, plain) => {
  let model: ReturnType<typeof decodeArtefact>["model"];
  try {
    ({ model } = decodeArtefact(plain));
  } catch (fault) {
    return { step: "content", reason: String(fault) };
  }
  return passesSelfTest(model) ? undefined : { step: "self-test", reason: "a score is no number" };
};
