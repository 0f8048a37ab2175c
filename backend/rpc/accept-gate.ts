/**
 * Refuses connections before Node makes sockets of them: a flood of connections that are refused
 * anyway then costs a tenth, and leaves nothing to collect.
 *
 * Node's public means (`maxConnections`, `blockList` of Node 23) do not ask who it is at the time,
 * so this file puts itself before the handler of the listening handle. Where Node has none, nothing
 * is refused here.
 */
import type { Server } from "node:net";

/** What Node holds behind a connection that was accepted. */
interface AcceptedHandle {
  getpeername?(into: { address?: string }): number;
  close(): void;
}

type OnConnection = (this: object, status: number, accepted?: AcceptedHandle) => unknown;

/**
 * @param server one that listens
 * @param mayEnter whether somebody at this address may; asked once for each connection
 * @returns whether connections are refused here
 */
export function guardAccept(server: Server, mayEnter: (address: string) => boolean): boolean {
  const { _handle: handle } = server as { _handle?: { onconnection?: OnConnection } | null };
  const enter = handle?.onconnection;
  if (handle === null || handle === undefined || typeof enter !== "function") return false;
  handle.onconnection = function (status, accepted) {
    if (accepted !== undefined && !mayEnter(addressOf(accepted))) {
      accepted.close();
      return undefined;
    }
    return enter.call(this, status, accepted);
  };
  return true;
}

function addressOf(accepted: AcceptedHandle): string {
  const peer: { address?: string } = {};
  accepted.getpeername?.(peer);
  return peer.address ?? "";
}
