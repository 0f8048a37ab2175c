/** The memory store keeps identities while the process lives. */
import { createMemoryIdentityStore } from "../../../backend/registry/memory-identity-store.js";
import { identityStoreContract } from "../../contract/identity-store-contract.js";

identityStoreContract("memory identity store", async () => createMemoryIdentityStore());
