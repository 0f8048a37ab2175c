/**
 * The attackers, in a process of their own, which is started so that it has only what others leave
 * of the cores: it would otherwise take the server's time without attacking it. Told what to do by
 * messages; everything they do is bounded in number and in time, and stays on loopback.
 */
import { setMaxListeners } from "node:events";
import { createSecureContext } from "node:tls";
import { FLOODS, type FloodName } from "./floods.js";

/** What the process is told. */
export interface FloodOrder {
  readonly name: FloodName;
  readonly port: number;
  readonly forMs: number;
  /** Certificates of installations that turned bad; every other network has one of them. */
  readonly enrolled: readonly { readonly certificate: string; readonly key: string }[];
}

/** What came of it. */
export interface FloodReport {
  readonly connections: number;
  readonly frames: number;
}

/** Networks of 256 addresses, 127.0.1.0/24 and on. */
export const NETWORKS = 8;
/** Of one order, all networks together. */
const CONNECTIONS_MAX = 20_000;
/** Who was cut off comes again after this time. */
const AGAIN_MS = 20;

process.on("message", (order: FloodOrder) => {
  void attack(order).then((report) => process.send?.(report));
});
process.on("disconnect", () => process.exit());
// Ready.
process.send?.({ connections: 0, frames: 0 } satisfies FloodReport);

async function attack({ name, port, forMs, enrolled }: FloodOrder): Promise<FloodReport> {
  const signal = AbortSignal.timeout(forMs);
  setMaxListeners(0, signal);
  const { flood, perNetwork } = FLOODS[name];
  let [connections, frames] = [0, 0];
  const stranger = createSecureContext({ minVersion: "TLSv1.3" });
  const keep = async (network: number, place: number): Promise<void> => {
    const from = `127.0.${1 + network}.${1 + (place % 250)}`;
    const shown = network % 2 === 0 ? undefined : enrolled[network % enrolled.length];
    const context =
      shown === undefined
        ? stranger
        : createSecureContext({ cert: shown.certificate, key: shown.key, minVersion: "TLSv1.3" });
    while (!signal.aborted && connections < CONNECTIONS_MAX) {
      connections += 1;
      frames += await flood({ port, from, context }, place, signal);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  const places = Array.from({ length: NETWORKS * perNetwork }, (_, place) =>
    keep(place % NETWORKS, Math.floor(place / NETWORKS)),
  );
  await Promise.all(places);
  return { connections, frames };
}
