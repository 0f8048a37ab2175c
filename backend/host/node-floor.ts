/**
 * Which Node a backend should run on. Older ones work, but have known holes at the network.
 *
 * Source: Node.js security release of 2026-11-11: four HIGH bugs in http2, mTLS resumption bypass
 * (CVE-2026-123872), a crash of TLS servers from outside (CVE-2026-126051).
 */

/** Per line of releases the first safe one. */
const FLOORS: readonly (readonly [number, number, number])[] = [
  [24, 22, 3],
  [26, 13, 1],
];

/** A sentence for the operator, or nothing when `version` is good. */
export function warnAboutNode(version: string): string | undefined {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number);
  const newest = FLOORS.at(-1)?.[0] ?? 0;
  const floor = FLOORS.find(([line]) => line === major);
  const isGood =
    floor === undefined
      ? major > newest
      : minor > floor[1] || (minor === floor[1] && patch >= floor[2]);
  if (isGood) return undefined;
  const wanted = FLOORS.map((one) => one.join(".")).join(" or ");
  return `Node ${version} has known security holes; run the backend on ${wanted} or newer`;
}
