/**
 * Models in use, in memory only. A model is handed out until its grant ends, by a clock that may be
 * right; from then on the local model is used alone.
 */
import type { ActiveModel } from "./model.js";

/** What may be used now. */
export interface ActiveModels {
  /** Takes the place of an earlier release. */
  take(model: ActiveModel): void;
  /** Those whose grant holds. */
  list(): readonly ActiveModel[];
  /** Calls back whenever a model came. One listener. */
  onTaken(listener: () => void): void;
  /** Overwrites and forgets all of them. */
  wipe(): void;
}

/** @param nowS effective time in Unix seconds; 0: nobody knows, so nothing has ended */
export function createActiveModels(nowS: () => number): ActiveModels {
  const models = new Map<string, ActiveModel>();
  let tellTaken = (): void => {};
  const drop = ({ target, plain }: ActiveModel): void => {
    plain.fill(0);
    models.delete(target.modelId);
  };
  return {
    take(model) {
      const earlier = models.get(model.target.modelId);
      if (earlier !== undefined && earlier.plain !== model.plain) drop(earlier);
      models.set(model.target.modelId, model);
      tellTaken();
    },
    onTaken(listener) {
      tellTaken = listener;
    },
    list() {
      const now = nowS();
      for (const model of [...models.values()]) if (model.grantedUntilS <= now) drop(model);
      return [...models.values()];
    },
    wipe() {
      for (const model of [...models.values()]) drop(model);
    },
  };
}
