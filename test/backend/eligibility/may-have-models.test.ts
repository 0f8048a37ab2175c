/** Nobody is given a model whom nobody could vouch for; commercial use is no condition. */
import { describe, expect, it } from "vitest";
import { mayHaveModels } from "../../../backend/eligibility/may-have-models.js";

const consent = (scopes: readonly string[], withdrawnAtMs = 0) => ({
  withdrawnAtMs,
  record: { scopes },
});
const standing = (...consents: ReturnType<typeof consent>[]) => ({ revokedAtMs: 0, consents });

describe("mayHaveModels", () => {
  it("is for who contributes, whatever else its owner agreed to", () => {
    expect(mayHaveModels(standing(consent(["telemetry"])), true)).toBe(true);
    expect(mayHaveModels(standing(consent(["telemetry", "commercial_use"])), true)).toBe(true);
    expect(mayHaveModels(standing(consent(["telemetry"])), false)).toBe(false);
  });

  it("is not for the unknown, the revoked, nor whose owner withdrew", () => {
    expect(mayHaveModels(undefined, true)).toBe(false);
    expect(mayHaveModels({ ...standing(consent(["telemetry"])), revokedAtMs: 1 }, true)).toBe(
      false,
    );
    expect(mayHaveModels(standing(consent(["telemetry"], 5)), true)).toBe(false);
    expect(mayHaveModels(standing(), true)).toBe(false);
    expect(mayHaveModels(standing(consent([])), true)).toBe(false);
  });

  it("looks at the last decision alone", () => {
    const again = standing(consent(["telemetry"], 5), consent(["telemetry"]));
    expect(mayHaveModels(again, true)).toBe(true);
  });
});
