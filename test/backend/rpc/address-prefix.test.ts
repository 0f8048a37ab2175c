/** One network must be one network, however its addresses are written. */
import { describe, expect, it } from "vitest";
import { prefixOf } from "../../../backend/rpc/address-prefix.js";

describe("the prefix of an address", () => {
  it.each([
    ["192.0.2.7", "192.0.2.250", true],
    ["192.0.2.7", "192.0.3.7", false],
    ["::ffff:192.0.2.7", "192.0.2.9", true],
    ["2001:db8:1:2200::1", "2001:0DB8:1:22ff:1:2:3:4", true],
    ["2001:db8:1:2200::1", "2001:db8:1:2300::1", false],
    ["2001:db8::", "2001:db8:0:0:9::", true],
    ["fe80::1%eth0", "fe80::2%eth1", true],
    ["::1", "::2", true],
    ["", "192.0.2.7", false],
  ])("%s and %s are of one: %s", (one, other, isSame) => {
    expect(prefixOf(one) === prefixOf(other)).toBe(isSame);
  });
});
