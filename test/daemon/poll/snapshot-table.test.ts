/** One poll of a real iDM, as a person sees it. */
import { describe, expect, it } from "vitest";
import { createRecordedReader } from "../../../daemon/device/recorded-reader.js";
import { createRegisterSource } from "../../../daemon/poll/register-source.js";
import { renderSnapshotTable, showReadings } from "../../../daemon/poll/snapshot-table.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { idmImage, idmProfile } from "../../support/idm-image.js";

const profile = idmProfile();

async function takeSnapshot() {
  const words = Array.from(idmImage(profile), ([address, word]) => ({ address, words: [word] }));
  const source = createRegisterSource({
    deviceId: "idm",
    profile,
    choice: { wanted: "all" },
    reader: createRecordedReader(
      (["input", "holding"] as const).flatMap((space) =>
        words.map((one) => ({ unitId: 1, space, ...one })),
      ),
    ),
    clock: createFakeClock(),
    quarantineStore: { load: async () => undefined, save: async () => {} },
    onNotice: () => {},
  });
  return source.take(new AbortController().signal);
}

const lineOf = (lines: readonly string[], metric: string) =>
  lines.find((line) => line.startsWith(`${metric} `))?.split(/ {2,}/);

describe("the table of a snapshot", () => {
  it("shows label, value with its decimals, unit and quality", async () => {
    const lines = renderSnapshotTable(await takeSnapshot(), profile, "en");
    expect(lines[0]?.split(/ {2,}/)).toEqual(["metric", "label", "value", "unit", "quality"]);
    expect(lineOf(lines, "temp_flow")).toEqual([
      "temp_flow",
      "Flow temperature",
      "49.5",
      "°C",
      "good",
    ]);
  });

  it("says in German what a code means and why a value is missing", async () => {
    const lines = renderSnapshotTable(await takeSnapshot(), profile, "de");
    expect(lineOf(lines, "operating_mode")?.slice(2)).toEqual(["Heizen", "gut"]);
    const absent = lines.filter((line) => line.endsWith("nicht vorhanden"));
    expect(absent.length).toBeGreaterThan(5);
    for (const line of absent) expect(line).toMatch(/ - /);
  });

  it("keeps registers that serve no metric for those who ask for all", async () => {
    const snapshot = await takeSnapshot();
    const shared = showReadings(snapshot, profile, "en", false);
    const all = showReadings(snapshot, profile, "en", true);
    expect(all.length).toBe(snapshot.readings.length);
    expect(shared.length).toBeLessThan(all.length);
    expect(JSON.parse(JSON.stringify(all[0]))).toMatchObject({ metric: all[0]?.metric });
  });
});
