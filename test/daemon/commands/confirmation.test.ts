/** What goes for good goes only when the owner said so; a program is never asked. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grantConsent } from "../../../daemon/commands/consent.js";
import { erase } from "../../../daemon/commands/privacy.js";
import { purge } from "../../../daemon/commands/purge.js";
import { createFakeTerminal } from "../../support/fake-terminal.js";
import { temporaryFolder } from "../../support/folder.js";

describe.each([
  ["consent grant", grantConsent],
  ["privacy erase", erase],
  ["purge", purge],
])("heatpool %s", (_, command) => {
  const folder = temporaryFolder();
  const config = join(folder, "heatpool.yaml");
  const lines = [
    "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
    ...["state", "cache", "run"].map((one) => `${one}Dir: ${join(folder, one)}`),
  ];
  writeFileSync(config, lines.join("\n").replace("runDir", "runtimeDir"));

  it("with --json is told what is missing, and prints nothing that is no JSON", async () => {
    const { terminal, lines: said } = createFakeTerminal("yes");
    await expect(command({ config, json: true }, terminal)).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("--yes"),
    });
    expect(said).toEqual([]);
  });

  it("does nothing where nobody answers", async () => {
    const { terminal, ended } = createFakeTerminal();
    await command({ config }, terminal);
    expect(ended.status).toBe(1);
  });
});
