/** The memory engine keeps the promise while the process lives. */
import { createMemorySeriesEngine } from "../../../backend/store/memory-series-engine.js";
import { seriesEngineContract } from "../../contract/series-engine-contract.js";

const engine = createMemorySeriesEngine();
seriesEngineContract(
  "memory engine",
  async () => engine,
  async () => engine.crash(),
);
