/** A damaged record of models costs the models, not the house. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openModels } from "../../../daemon/assembly/community-models.js";
import { openIdentity } from "../../../daemon/assembly/open-identity.js";
import type { DaemonParts } from "../../../daemon/assembly/parts.js";
import { openState } from "../../../daemon/assembly/state-files.js";
import { parseConfig } from "../../../daemon/config.js";
import { createFakeTerminal } from "../../support/fake-terminal.js";
import { temporaryFolder } from "../../support/folder.js";
import { TufRepository } from "../../support/tuf-repository.js";

async function open(damage: (folder: string) => void) {
  const folder = temporaryFolder();
  const root = join(folder, "1.root.json");
  writeFileSync(root, new TufRepository().bytes("root", 1));
  const config = parseConfig(
    [
      "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
      `stateDir: ${join(folder, "state")}`,
      `runtimeDir: ${join(folder, "run")}`,
      `cacheDir: ${join(folder, "cache")}`,
      `backend: { url: "127.0.0.1:1", rootFile: ${root} }`,
      `keys: { secretFile: ${join(folder, "secret")} }`,
    ].join("\n"),
  );
  mkdirSync(join(folder, "state"));
  damage(folder);
  const { terminal } = createFakeTerminal();
  const told: string[] = [];
  const parts = {
    ...{ config, devices: [], version: "0.1.0", builtAtMs: 0 },
    ...{ clock: terminal.clock, chance: terminal.chance },
    log: (_: string, event: string, facts = {}) =>
      void told.push(`${event} ${Object.values(facts).join(" ")}`),
  } as unknown as DaemonParts;
  const { models } = openState(config, terminal.clock, "0.1.0");
  const opened = await openModels(parts, models, openIdentity(config, terminal).identity());
  await opened?.close();
  return { opened, told };
}

describe("community models", () => {
  it("are opened where their record is whole, or not there yet", async () => {
    const { opened, told } = await open(() => undefined);
    expect([opened === undefined, told]).toEqual([false, []]);
  });

  it.each(["", "{}", '{"format":1', "not ours"])(
    "are none where the record is %j",
    async (text) => {
      const { opened, told } = await open((folder) =>
        writeFileSync(join(folder, "state/models.json"), text),
      );
      expect(opened).toBeUndefined();
      expect(told).toEqual([expect.stringMatching(/^models\.unavailable .*Remove the file/)]);
    },
  );

  it("are a mistake of the configuration where the root is not there", async () => {
    const gone = open((folder) => writeFileSync(join(folder, "1.root.json"), ""));
    await expect(gone).rejects.toBeDefined();
  });
});
