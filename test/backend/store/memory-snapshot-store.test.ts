/** The memory store keeps the promise while its shelf lasts. */
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../../backend/store/memory-snapshot-store.js";
import { snapshotStoreContract } from "../../contract/snapshot-store-contract.js";

let shelf = createShelf();

snapshotStoreContract(
  "memory store",
  async () => {
    shelf = createShelf();
    return createMemorySnapshotStore(shelf);
  },
  async () => createMemorySnapshotStore(shelf),
);
