/** `count-store.ts <folder>` reads every block of a backend's store and prints what it holds. */
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";

const [, , folder = ""] = process.argv;
const store = await openLevelSnapshotStore({ folder });
const { snapshots } = await store.count();
console.log(JSON.stringify({ snapshots, totals: store.totals() }));
await store.close();
