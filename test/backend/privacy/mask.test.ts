/** Addresses of households must not get into any log, whoever wrote the text they stand in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskAddresses } from "../../../backend/privacy/mask.js";

describe("maskAddresses", () => {
  it.each([
    ["192.168.178.23", "192.168.xxx.xxx"],
    ["ipv4:203.0.113.9:51234", "ipv4:203.0.xxx.xxx:51234"],
    ["::ffff:203.0.113.9", "203.0.xxx.xxx"],
    ["::ffff:cb00:7109", "203.0.xxx.xxx"],
    ["2001:db8::1", "2001:db8:xxxx:xxxx"],
    ["[2001:db8:1:2:3:4:5:6]:443", "[2001:db8:xxxx:xxxx]:443"],
    ["2001:db8::192.0.2.1", "2001:db8:xxxx:xxxx"],
    ["fe80::1%eth0", "fe80:0:xxxx:xxxx"],
    ["2001::7", "2001:0:xxxx:xxxx"],
    ["::1", "0:0:xxxx:xxxx"],
    ["connect to 10.1.2.3, then fd00::5", "connect to 10.1.xxx.xxx, then fd00:0:xxxx:xxxx"],
  ])("makes %s %s", (text, masked) => {
    expect(maskAddresses(text)).toBe(masked);
  });

  it.each([
    "at 12:30:59",
    "2026-11-21T12:43:25.719Z",
    "version 1.14.7",
    "oid 1.2.840.113549.1.1.11",
    "file.ts:93:9",
    "rpc.stream-opened",
    "idm/navigator-2.0",
  ])("leaves %j alone", (text) => {
    expect(maskAddresses(text)).toBe(text);
  });

  it("leaves no address whole, whatever is around it", () => {
    const around = fc.constantFrom("", " ", "(", "=", "'", "/", "[");
    fc.assert(
      fc.property(around, fc.ipV4(), around, (before, address, after) => {
        expect(maskAddresses(`${before}${address}${after}`)).not.toContain(address);
      }),
      { seed: 1, numRuns: 1000 },
    );
    fc.assert(
      fc.property(around, fc.ipV6(), around, (before, address, after) => {
        const masked = maskAddresses(`${before}${address}${after}`);
        expect(masked).toContain("xxx");
        expect(masked).not.toContain(address);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });
});
