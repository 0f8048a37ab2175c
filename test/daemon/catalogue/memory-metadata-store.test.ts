/** The memory store keeps the promise while the process lives. */
import { createMemoryMetadataStore } from "../../../daemon/catalogue/memory-metadata-store.js";
import { metadataStoreContract } from "../../contract/metadata-store-contract.js";

metadataStoreContract("memory metadata store", async () => createMemoryMetadataStore());
