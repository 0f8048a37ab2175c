/**
 * Which release is installed where, as daemons tell. Kept in memory: they tell it again with every
 * connection.
 */
import type { Spread } from "./push.js";

/** What was told. */
export interface SpreadBook {
  installed(installationId: string, modelId: string, release: number): void;
  refused(installationId: string, modelId: string, release: number, step: string): void;
  spread(): readonly Spread[];
  /** Forgets what an installation told. */
  forget(installationId: string): void;
}

/** A daemon may name what it likes; only this much of it is kept. */
const MODELS_MAX = 64;

interface Told {
  release: number;
  refusal: { release: number; step: string } | undefined;
}

export function createSpreadBook(): SpreadBook {
  /** Model → installation → what it told last. */
  const models = new Map<string, Map<string, Told>>();

  function tell(installationId: string, modelId: string): Told | undefined {
    if (!models.has(modelId) && models.size >= MODELS_MAX) return undefined;
    const installations = models.get(modelId) ?? new Map<string, Told>();
    models.set(modelId, installations);
    const told = installations.get(installationId) ?? { release: 0, refusal: undefined };
    installations.set(installationId, told);
    return told;
  }

  return {
    installed(installationId, modelId, release) {
      const told = tell(installationId, modelId);
      if (told === undefined) return;
      told.release = release;
      if (told.refusal !== undefined && told.refusal.release <= release) told.refusal = undefined;
    },
    refused(installationId, modelId, release, step) {
      const told = tell(installationId, modelId);
      if (told !== undefined) told.refusal = { release, step };
    },
    forget(installationId) {
      for (const installations of models.values()) installations.delete(installationId);
    },
    spread() {
      const rows = new Map<
        string,
        { modelId: string; release: number; installations: number; refused: Record<string, number> }
      >();
      const row = (modelId: string, release: number) => {
        const key = `${modelId}/${release}`;
        const found = rows.get(key) ?? { modelId, release, installations: 0, refused: {} };
        rows.set(key, found);
        return found;
      };
      for (const [modelId, installations] of models) {
        for (const { release, refusal } of installations.values()) {
          if (release > 0) row(modelId, release).installations += 1;
          if (refusal === undefined) continue;
          const { refused } = row(modelId, refusal.release);
          refused[refusal.step] = (refused[refusal.step] ?? 0) + 1;
        }
      }
      return [...rows.values()];
    },
  };
}
