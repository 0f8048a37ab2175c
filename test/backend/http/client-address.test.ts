/** Whose request it is: what a proxy says counts only where the operator trusts it. */
import { describe, expect, it } from "vitest";
import { createClientAddress, isAddressOrNetwork } from "../../../backend/http/client-address.js";

const clientOf = createClientAddress(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);

describe("the client of a request", () => {
  it("is the other end of the connection where nobody is trusted", () => {
    expect(createClientAddress([])("127.0.0.1", "203.0.113.7")).toBe("127.0.0.1");
    expect(clientOf("198.51.100.1", "203.0.113.7")).toBe("198.51.100.1");
  });

  it("is whom a trusted proxy saw", () => {
    expect(clientOf("127.0.0.1", "203.0.113.7")).toBe("203.0.113.7");
    expect(clientOf("::ffff:127.0.0.1", "203.0.113.7")).toBe("203.0.113.7");
    expect(clientOf("fd00::1", "2001:db8::7")).toBe("2001:db8::7");
  });

  it("is the last that no trusted proxy vouches beyond, whatever a client wrote before", () => {
    expect(clientOf("127.0.0.1", "10.9.9.9, 203.0.113.7")).toBe("203.0.113.7");
    expect(clientOf("127.0.0.1", "192.0.2.1, 203.0.113.7, 10.1.2.3")).toBe("203.0.113.7");
  });

  it("is the nearest proxy where it says nothing that can be read", () => {
    expect(clientOf("127.0.0.1", undefined)).toBe("127.0.0.1");
    expect(clientOf("127.0.0.1", "unknown")).toBe("127.0.0.1");
    expect(clientOf("127.0.0.1", "203.0.113.7, <script>")).toBe("127.0.0.1");
    expect(clientOf("127.0.0.1", `203.0.113.7, ${"10.0.0.1, ".repeat(99)}10.0.0.1`)).toBe(
      "10.0.0.1",
    );
  });
});

describe("an entry of trusted proxies", () => {
  it.each(["127.0.0.1", "10.0.0.0/8", "fd00::/8", "::1", "0.0.0.0/0"])("may be %s", (text) => {
    expect(isAddressOrNetwork(text)).toBe(true);
  });

  it.each(["", "proxy", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0/8", "fd00::/129", "1.2.3.4/"])(
    "may not be '%s'",
    (text) => {
      expect(isAddressOrNetwork(text)).toBe(false);
    },
  );
});
