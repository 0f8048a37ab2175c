/** The doctor looks at what is really there, and leaves it as it was. */
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { writeBackendConfig } from "../../support/backend-process.js";
import { createBackendProgram } from "../../support/backend-program.js";
import { temporaryFolder } from "../../support/folder.js";

interface Found {
  readonly check: string;
  readonly verdict: string;
  readonly text: string;
}

async function setUp(more = "") {
  const folder = temporaryFolder();
  const config = writeBackendConfig(folder, more);
  const program = createBackendProgram();
  await program.run("ca", "init", "-c", config);
  return { folder, config, program };
}

type Bed = Awaited<ReturnType<typeof setUp>>;

async function look({ config, program }: Bed): Promise<Found[]> {
  program.lines.length = 0;
  await program.run("doctor", "-c", config, "--json").catch(() => undefined);
  return JSON.parse(program.lines[0] ?? "[]");
}

const verdictOf = (found: readonly Found[], check: string) =>
  found.find((one) => one.check === check)?.verdict;

describe("doctor", () => {
  it("finds a fresh set-up sound, and makes no store", async () => {
    const bed = await setUp();
    const found = await look(bed);
    expect(found.filter(({ verdict }) => verdict === "bad")).toEqual([]);
    expect(verdictOf(found, "certificate")).toBe("good");
    expect(verdictOf(found, "claim tokens")).toBe("good");
    expect(verdictOf(found, "store")).toBe("warning");
    expect(existsSync(join(bed.folder, "state/store"))).toBe(false);
  });

  it("opens the store of a stopped backend", async () => {
    const bed = await setUp();
    await (await openLevelSnapshotStore({ folder: join(bed.folder, "state/store") })).close();
    expect(verdictOf(await look(bed), "store")).toBe("good");
  });

  it("says when a store is in use and nobody answers, and exits with an error", async () => {
    const bed = await setUp();
    const store = await openLevelSnapshotStore({ folder: join(bed.folder, "state/store") });
    const error = await bed.program.fail(
      ...["doctor", "-c", bed.config, "--admin", "unix:/nowhere.sock"],
    );
    expect(error).toMatchObject({ code: "STATE_INVALID", message: /in use.*does not answer/ });
    expect(bed.program.lines.join("\n")).toMatch(/^BAD {5}store: /m);
    await store.close();
  });

  it("sees a key that others may read, and a store that lost its beginning", async () => {
    const bed = await setUp();
    chmodSync(join(bed.folder, "state/tls/server.key"), 0o644);
    const folder = join(bed.folder, "state/store");
    await (await openLevelSnapshotStore({ folder })).close();
    writeFileSync(join(folder, "db/CURRENT"), "");
    const found = await look(bed);
    expect(verdictOf(found, "permissions")).toBe("bad");
    expect(verdictOf(found, "store")).toBe("bad");
  });

  it("sees a clock that is not set and a certificate that runs out", async () => {
    const bed = await setUp();
    bed.program.clock.setSynced(false);
    bed.program.clock.stepWall(Date.now() + 810 * 86_400_000);
    const found = await look(bed);
    expect(verdictOf(found, "clock")).toBe("bad");
    expect(["warning", "bad"]).toContain(verdictOf(found, "certificate"));
  });
});
