/** Folders that nobody tuned to: other machines, months, orders of faults, columns and gaps. */
import type { FolderForm } from "../simulated/data-folder.js";

const AUTUMN_TO_SPRING = { from: "2024-10-01T00:00:00Z", days: 212 };
const NEXT_WINTER = { from: "2025-09-15T00:00:00Z", days: 155 };

/** By name; each has a seed of its own. */
export const FORMS: Readonly<Record<string, FolderForm>> = {
  alike: {
    seed: 21,
    train: { machines: 3, ...AUTUMN_TO_SPRING },
    test: { machines: 2, ...NEXT_WINTER },
  },
  two: {
    seed: 22,
    train: { machines: 2, ...AUTUMN_TO_SPRING },
    test: { machines: 1, from: "2026-01-05T00:00:00Z", days: 200 },
    ...{ isPlain: true, isReordered: true, hasMore: true },
  },
  eight: {
    seed: 23,
    train: { machines: 8, from: "2024-11-01T00:00:00Z", days: 100 },
    test: { machines: 3, from: "2025-11-01T00:00:00Z", days: 120 },
  },
  gaps: {
    seed: 24,
    train: { machines: 4, ...AUTUMN_TO_SPRING },
    test: { machines: 2, ...NEXT_WINTER },
    gapShare: 0.1,
    without: ["power_compressor", "flow_rate", "temp_discharge", "power_thermal", "fan_speed"],
  },
  spring: {
    seed: 25,
    train: { machines: 3, from: "2025-01-15T00:00:00Z", days: 180 },
    test: { machines: 2, from: "2026-02-01T00:00:00Z", days: 150 },
    isReordered: true,
  },
  weak: {
    seed: 26,
    train: { machines: 5, ...AUTUMN_TO_SPRING },
    test: { machines: 3, ...NEXT_WINTER },
    severity: [0.3, 0.6],
  },
  minute: {
    seed: 28,
    stepSeconds: 60,
    train: { machines: 3, from: "2024-11-01T00:00:00Z", days: 120 },
    test: { machines: 2, from: "2025-11-01T00:00:00Z", days: 120 },
  },
  one: {
    seed: 27,
    train: { machines: 1, ...AUTUMN_TO_SPRING },
    test: { machines: 2, ...NEXT_WINTER },
  },
};
