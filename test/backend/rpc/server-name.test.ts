/**
 * An operator who goes by address: nothing is asked for that may not be, and the certificate has to
 * hold the address all the same.
 */
import { afterEach, describe, expect, it } from "vitest";
import { connectAdmin } from "../../../backend/rpc/admin-client.js";
import { serverNameOf } from "../../../backend/rpc/server-name.js";
import { type OpenDoor, openDoor } from "../../support/door.js";
import { makeIdentity } from "../../support/identity.js";

/** Node warns once of an address in the handshake (DEP0123). */
const warnings: string[] = [];
process.on("warning", ({ name, message }) => warnings.push(`${name} ${message}`));

const doors: OpenDoor[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

/** Asks a server whose certificate is for `hosts`, as `host`. */
async function ask(host: string, hosts: readonly string[]) {
  const server = await makeIdentity(hosts);
  const door = await openDoor({ identity: server.identity });
  doors.push(door);
  const admin = connectAdmin(`${host}:${door.ports.admin}`, server.ca, { nowMs: Date.now });
  try {
    return await admin.status();
  } finally {
    admin.close();
  }
}

describe("the admin client", () => {
  it("takes an address that the certificate holds, and asks for no address", async () => {
    expect(await ask("127.0.0.1", ["127.0.0.1"])).toMatchObject({ version: "1.2.3" });
    expect(warnings).toEqual([]);
  });

  it("refuses a certificate without that address, also one for the name it asks for", async () => {
    const message = expect.stringMatching(/shows a certificate that is not for it$/);
    const refused = expect.objectContaining({ code: "UNAVAILABLE", message });
    const others = ["address.invalid", "localhost", "127.0.0.2"];
    await expect(ask("127.0.0.1", others)).rejects.toEqual(refused);
    expect(await ask("localhost", others)).toMatchObject({ version: "1.2.3" });
    await expect(ask("localhost", ["127.0.0.1"])).rejects.toEqual(refused);
    expect(warnings).toEqual([]);
  });

  it("knows an address in brackets, and a name or a socket as none", () => {
    expect(serverNameOf("[::1]:7444").options).not.toEqual({});
    expect(serverNameOf("pool.example.org:7444")).toEqual({ options: {}, check: {} });
    expect(serverNameOf("unix:/run/heatpool-backend/admin.sock").options).toEqual({});
  });
});
