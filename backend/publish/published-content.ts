/** What a published release holds, opened again: for whoever compares a new model with it. */
import { openModel } from "#core/envelope/model-open.js";
import type { ReleaseStore } from "./release-store.js";

/** Content of the newest release that is given out; `undefined`: there is none. */
export async function readNewestContent(
  store: ReleaseStore,
  modelId: string,
): Promise<Uint8Array | undefined> {
  const releases = await store.list();
  const newest = releases.filter((one) => one.modelId === modelId && !one.revoked).at(-1);
  if (newest === undefined) return undefined;
  const file = await store.file(modelId, newest.release);
  const opened = openModel(file, await store.cek(modelId, newest.release), newest);
  return "plain" in opened ? opened.plain : undefined;
}
