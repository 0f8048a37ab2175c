/** Erasing without a daemon, while the backend is away: what the community gave goes at once. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openIdentity } from "../../../daemon/assembly/open-identity.js";
import { openState } from "../../../daemon/assembly/state-files.js";
import { erase } from "../../../daemon/commands/privacy.js";
import { readSetup } from "../../../daemon/commands/setup.js";
import { enrolDevice } from "../../../daemon/enrolment/enrolment.js";
import { openModelBook } from "../../../daemon/model/model-book.js";
import { directPort } from "../../support/device-bed.js";
import { createFakeTerminal } from "../../support/fake-terminal.js";
import { temporaryFolder } from "../../support/folder.js";
import { freePort } from "../../support/peer.js";

describe("heatpool privacy erase without a daemon", () => {
  it("wipes models and withdraws at once, and keeps the wish until the backend has answered", async () => {
    const folder = temporaryFolder();
    const config = join(folder, "heatpool.yaml");
    const lines = [
      "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
      `stateDir: ${join(folder, "state")}`,
      `cacheDir: ${join(folder, "cache")}`,
      `runtimeDir: ${join(folder, "run")}`,
      `keys: { secretFile: ${join(folder, "secret")} }`,
      `backend: { url: "127.0.0.1:${await freePort()}" }`,
    ];
    writeFileSync(config, lines.join("\n"));
    mkdirSync(join(folder, "cache"));
    writeFileSync(join(folder, "cache/m-1-0.enc"), "sealed");
    const { terminal, lines: said } = createFakeTerminal();
    const setup = readSetup(config);
    const { book, models } = openState(setup.config, terminal.clock, "0.1.0");
    const consent = book.grant({ locale: "en", scopes: [] });
    const { port } = await directPort();
    await enrolDevice(openIdentity(setup.config, terminal).identity(), port, {
      consent,
      claimToken: "",
    });
    const model = {
      target: { release: 1 } as never,
      grant: "g",
      grantedUntilS: 1,
      installedAtMs: 1,
    };
    openModelBook(models).install("m", model, 1);
    await erase({ config, yes: true, json: true }, terminal);
    expect(JSON.parse(said.join("\n"))).toMatchObject({ status: "waiting" });
    expect(book.state()).toEqual({ status: "withdrawn", pending: false });
    expect(openModelBook(models).memory.installed).toEqual({});
    expect(readdirSync(join(folder, "cache"))).toEqual([]);
    expect(readdirSync(join(folder, "state"))).toContain("identity.json");
  });
});
