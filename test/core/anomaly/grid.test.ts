/** Polls on a grid: what a cell is said to be decides what is learnt from it and what is counted. */
import { describe, expect, it } from "vitest";
import { channelIndex } from "#core/anomaly/channel.js";
import { gridPolls } from "#core/anomaly/grid.js";
import { MODES, type Mode } from "#core/anomaly/operating-row.js";

/** The mode of a cell in which each minute said one of these. */
function modeOf(told: readonly Mode[]): Mode | undefined {
  const { modes } = gridPolls({
    atMs: Float64Array.from(told, (_, minute) => minute * 60_000),
    channels: [channelIndex("flow")],
    columns: [Float64Array.from(told, () => 30)],
    modes: Uint8Array.from(told, (mode) => MODES.indexOf(mode)),
  });
  return MODES[modes[0] ?? -1];
}

describe("a cell of several polls", () => {
  it.each<[readonly Mode[], Mode]>([
    [["heating", "heating", "heating"], "heating"],
    [["off", "heating", "heating"], "unknown"],
    [["heating", "off", "heating"], "unknown"],
    [["heating", "heating", "defrost"], "defrost"],
    [["defrost", "heating", "hot_water"], "defrost"],
    [["off", "heating", "defrost"], "defrost"],
  ])("%j is of mode %s", (told, mode) => {
    expect(modeOf(told)).toBe(mode);
  });
});
