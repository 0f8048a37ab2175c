/** Tells of every state that a registry adopts, so that nobody has to look for what changed. */
import type { Registry } from "./registry.js";

/** @param onChange called with the installation once its new state is known */
export function tellChanges(registry: Registry, onChange: (installationId: string) => void): void {
  const { adopt } = registry;
  registry.adopt = (state) => {
    adopt(state);
    onChange(state.installationId);
  };
}
