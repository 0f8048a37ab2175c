/** A machine that is given away: nothing of its owner is left, and nothing is sent meanwhile. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openState } from "../../../daemon/assembly/state-files.js";
import { purge } from "../../../daemon/commands/purge.js";
import { readSetup } from "../../../daemon/commands/setup.js";
import { controlSocketPath, runControlSocket } from "../../../daemon/local/control-socket.js";
import { createFakeTerminal } from "../../support/fake-terminal.js";
import { filesHold } from "../../support/file-bytes.js";
import { temporaryFolder } from "../../support/folder.js";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const SECRET = "a secret of this house";
const STATE = ["installation-id", "identity.json", "keys/tls-1", "consent.json", "models.json"];
const ROOMS = ["backlog/db/000003.log", "history/db/CURRENT", "catalogue/CURRENT", "quarantine/x"];

function settled({ secretFile = "", more = "" } = {}) {
  const folder = temporaryFolder();
  const config = join(folder, "heatpool.yaml");
  const put = (name: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), SECRET);
  };
  for (const name of [...STATE, ...ROOMS]) put(`state/${name}`);
  for (const name of ["cache/m-1.enc", "cache/m-2.enc.part", "cache/CACHEDIR.TAG", "secret"])
    put(name);
  rmSync(join(folder, "state/consent.json"));
  const lines = [
    "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
    `stateDir: ${join(folder, "state")}`,
    `cacheDir: ${join(folder, "cache")}`,
    `runtimeDir: ${join(folder, "run")}`,
    `keys: { secretFile: ${secretFile || join(folder, "secret")} }`,
    more,
  ];
  writeFileSync(config, lines.join("\n"));
  const { terminal } = createFakeTerminal();
  const book = () => openState(readSetup(config).config, terminal.clock, "0.1.0").book;
  book().grant({ locale: "en", scopes: [] });
  return { folder, config, book };
}

describe("heatpool purge", () => {
  it("leaves nothing but the configuration, and says what a backend still holds", async () => {
    const { folder, config } = settled();
    const { terminal, lines, ended } = createFakeTerminal("purge");
    await purge({ config }, terminal);
    expect([ended.status, readdirSync(join(folder, "state"))]).toEqual([0, []]);
    expect(readdirSync(join(folder, "cache"))).toEqual(["CACHEDIR.TAG"]);
    expect(existsSync(join(folder, "secret"))).toBe(false);
    expect(existsSync(config)).toBe(true);
    rmSync(join(folder, "cache/CACHEDIR.TAG"));
    expect(filesHold(folder, SECRET)).toBe(false);
    expect(lines.join("\n")).toContain("`heatpool privacy erase`");
  });

  it("says when a wish to be erased waits for its backend, which would go as well", async () => {
    const { folder, config } = settled();
    const asked = createFakeTerminal();
    await purge({ config }, asked.terminal);
    expect(asked.lines.join("\n")).not.toContain("has not answered");
    writeFileSync(join(folder, "state/erasure-wish"), "wished");
    await purge({ config }, asked.terminal);
    expect(asked.lines.at(-2)).toContain("the backend has not answered yet");
  });

  it("asks first, and does nothing when nobody agrees", async () => {
    const { folder, config, book } = settled({ more: "language: de" });
    const { terminal, lines, ended } = createFakeTerminal("ja");
    await purge({ config }, terminal);
    expect(ended.status).toBe(1);
    expect(lines.at(-1)).toBe("Es wurde nichts entfernt.");
    expect(book().state().status).toBe("granted");
    expect(existsSync(join(folder, "state/keys/tls-1"))).toBe(true);
  });

  it("that cannot be finished leaves a withdrawal, and can be run again", async () => {
    // A file that nobody can remove, not even root.
    const { folder, config, book } = settled({ secretFile: "/proc/version" });
    const { terminal } = createFakeTerminal();
    await expect(purge({ config, yes: true }, terminal)).rejects.toThrow("/proc/version");
    expect(readdirSync(join(folder, "state"))).toEqual(["withdrawal"]);
    expect(book().state()).toEqual({ status: "withdrawn", pending: true });
    const text = readFileSync(config, "utf8").replace("/proc/version", join(folder, "secret"));
    writeFileSync(config, text);
    await purge({ config, yes: true, json: true }, terminal);
    expect(readdirSync(join(folder, "state"))).toEqual([]);
  });

  it("refuses while a daemon runs, and says how to stop it", async () => {
    const { folder, config, book } = settled();
    const stop = new AbortController();
    const path = controlSocketPath(join(folder, "run"));
    let isListening = () => {};
    const listening = new Promise<void>((resolve) => {
      isListening = resolve;
    });
    const control = { status: () => ({}) } as never;
    const done = runControlSocket({ path, control, onListening: isListening }, stop.signal);
    ends.push(async () => {
      stop.abort();
      await done;
    });
    await listening;
    const { terminal } = createFakeTerminal("purge");
    await expect(purge({ config, yes: true }, terminal)).rejects.toMatchObject({
      code: "STATE_INVALID",
      hint: expect.stringContaining("systemctl stop heatpool"),
    });
    expect(book().state().status).toBe("granted");
  });
});
