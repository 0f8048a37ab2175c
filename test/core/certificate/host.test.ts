/** Hosts in certificates: a wrong byte makes a server unreachable, or another one reachable. */
import { describe, expect, it } from "vitest";
import { parseHost } from "#core/certificate/host.js";

const bytes = (hex: string) => ({
  kind: "address",
  address: Uint8Array.from(Buffer.from(hex, "hex")),
});

describe("parseHost", () => {
  it.each([
    ["127.0.0.1", "7f000001"],
    ["::1", "00000000000000000000000000000001"],
    ["::", "00000000000000000000000000000000"],
    ["2001:db8::8:800:200c:417a", "20010db80000000000080800200c417a"],
    ["fe80:0:0:0:0:0:0:1", "fe800000000000000000000000000001"],
    ["::ffff:192.0.2.128", "00000000000000000000ffffc0000280"],
  ])("reads %s as an address", (text, hex) => {
    expect(parseHost(text)).toEqual(bytes(hex));
  });

  it.each(["localhost", "pool.example.org", "*.example.org"])("reads %s as a name", (name) => {
    expect(parseHost(name)).toEqual({ kind: "name", name });
  });

  it("reads names in small letters", () => {
    expect(parseHost("Pool.Example.ORG")).toEqual({ kind: "name", name: "pool.example.org" });
  });

  it.each([
    "",
    "a b",
    "-a",
    "a..b",
    "256.1.1.1",
    "1.2.3",
    "1:2:3",
    "1::2::3",
    "12345::",
    "a/b",
    "ä.de",
    "1:2:3:4:5:6:7:8::",
  ])("refuses %j", (text) => {
    expect(() => parseHost(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
