/** The search for Modbus devices stays in the house and finds who answers. */
import { describe, expect, it } from "vitest";
import { findOpen, neighbours } from "../../../daemon/host/network-search.js";
import { createFakeClock } from "../../support/fake-clock.js";

const LAN = { netmask: "", mac: "", internal: false, family: "IPv4" } as const;

describe("the search in the network", () => {
  it("covers the private network of this machine, without itself", () => {
    const found = neighbours({
      eth0: [{ ...LAN, address: "192.168.7.20", cidr: "192.168.7.20/24" }],
    });
    expect(found).toHaveLength(253);
    expect(found[0]).toBe("192.168.7.1");
    expect(found).not.toContain("192.168.7.20");
    expect(found.at(-1)).toBe("192.168.7.254");
  });

  it("covers only the part around this machine of a larger network", () => {
    const found = neighbours({ eth0: [{ ...LAN, address: "10.1.2.3", cidr: "10.1.2.3/8" }] });
    expect(found).toHaveLength(253);
    expect(found.every((address) => address.startsWith("10.1.2."))).toBe(true);
  });

  it("leaves public networks and this machine alone", () => {
    const lo = { ...LAN, internal: true, address: "127.0.0.1", cidr: "127.0.0.1/8" };
    const wan = { ...LAN, address: "203.0.113.9", cidr: "203.0.113.9/24" };
    expect(neighbours({ lo: [lo], wan: [wan] })).toEqual([]);
  });

  it("names who answers, in order, with few questions at once", async () => {
    const addresses = Array.from({ length: 100 }, (_, at) => `192.168.7.${at + 1}`);
    let [now, most] = [0, 0];
    const reach = async ({ host }: { host: string }) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return host.endsWith("0") ? "open" : "refused";
    };
    const never = new AbortController().signal;
    const found = await findOpen(addresses, 502, reach, createFakeClock(), never);
    expect(found).toEqual(addresses.filter((one) => one.endsWith("0")));
    expect(most).toBeLessThanOrEqual(24);
  });
});
