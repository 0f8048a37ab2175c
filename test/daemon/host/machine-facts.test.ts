/** Facts about the machine: what cannot be found out is not guessed. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  reachTcp,
  readDisk,
  readForbidden,
  readMemoryCgroup,
} from "../../../daemon/host/machine-facts.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

function rootWith(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const CGROUPS = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t1\t1\nmemory\t0\t90\t";

describe("facts about the machine", () => {
  it.each([
    [{ "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n" }, true],
    [{ "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n" }, false],
    [{ "proc/cgroups": `${CGROUPS}1\n` }, true],
    [{ "proc/cgroups": `${CGROUPS}0\n` }, false],
    [{}, undefined],
  ] as const)("the memory cgroup of %j is on: %j", (files, expected) => {
    expect(readMemoryCgroup(rootWith(files))).toBe(expected);
  });

  it("a disk is measured where a folder will be", () => {
    const disk = readDisk(join(temporaryFolder(), "not", "yet"));
    expect(disk?.totalBytes).toBeGreaterThan(0);
    expect(disk?.freeBytes).toBeLessThanOrEqual(disk?.totalBytes ?? 0);
  });

  it("a port is open, or refused", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const never = new AbortController().signal;
    const ask = () => reachTcp({ host: "127.0.0.1", port }, createFakeClock(), never);
    expect(await ask()).toBe("open");
    await new Promise((resolve) => server.close(resolve));
    expect(await ask()).toBe("refused");
  });

  it("a name that nobody knows is silent", async () => {
    const never = new AbortController().signal;
    const nobody = { host: "heat-pump.invalid", port: 502 };
    expect(await reachTcp(nobody, createFakeClock(), never)).toBe("silent");
  });

  it("a file that is missing is named, one that everybody may read is not", () => {
    const root = rootWith({ "state/id": "x", "ca.pem": "x" });
    const none = join(root, "none.pem");
    expect(readForbidden(join(root, "state"), [join(root, "ca.pem"), none])).toEqual([none]);
  });

  it.skipIf(process.getuid?.() !== 0)("files of other owners are named (needs root)", () => {
    const root = rootWith({ "state/id": "x", "state/keys/a": "x", secret: "x" });
    for (const path of ["state", "state/id", "state/keys"]) chownSync(join(root, path), 1234, 1234);
    chmodSync(join(root, "secret"), 0o640);
    const [state, secret] = [join(root, "state"), join(root, "secret")];
    expect(readForbidden(state, [secret])).toEqual([join(state, "keys/a"), secret]);
    chownSync(secret, 0, 1234);
    expect(readForbidden(state, [secret])).toEqual([join(state, "keys/a")]);
  });
});
