/** Devices of an installation, found by leaping from one device's blocks to the next one's. */
import type { Database } from "./level-database.js";
import { isBlockKey, nextDevice, range, readBlockKey, uuidBytes } from "./store-keys.js";

export async function listDevices(database: Database, id: string): Promise<string[]> {
  const { gte, lt } = range("block", uuidBytes(id));
  const devices: string[] = [];
  for (let from = gte; ; ) {
    const [at] = await database.keys({ gte: from, lt, limit: 1 }).all();
    if (at === undefined) return devices;
    // The end of a range that is being rewritten is no block.
    if (isBlockKey(at)) devices.push(readBlockKey(at).deviceId);
    from = isBlockKey(at) ? nextDevice(at) : Buffer.concat([at, Buffer.alloc(1)]);
  }
}
