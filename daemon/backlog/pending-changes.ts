/**
 * Changes that wait for the next commit. A later change of a key replaces the earlier one, so that
 * a commit that failed can be made again together with what came after it.
 */
import { frameRecord, openRecord } from "./record.js";
import type { Change } from "./record-store.js";

/** Changes by key. */
export class PendingChanges {
  readonly #byKey = new Map<string, Change>();
  #bytes = 0;

  /** Bytes of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  /** @returns bytes of the stored value */
  put(key: Buffer, payload: Uint8Array): number {
    const value = frameRecord(key, payload);
    this.#set({ key, value });
    return value.length;
  }

  drop(key: Buffer): void {
    this.#set({ key, value: undefined });
  }

  /** Payload that waits under `key`. */
  read(key: Buffer): Buffer | undefined {
    const value = this.#byKey.get(nameOf(key))?.value;
    return value && openRecord(key, value);
  }

  /** Hands everything over. */
  take(): readonly Change[] {
    const changes = [...this.#byKey.values()];
    this.clear();
    return changes;
  }

  /** Puts changes back that were not committed; what came later wins. */
  restore(changes: readonly Change[]): void {
    for (const change of changes) if (!this.#byKey.has(nameOf(change.key))) this.#set(change);
  }

  clear(): void {
    this.#byKey.clear();
    this.#bytes = 0;
  }

  #set(change: Change): void {
    const name = nameOf(change.key);
    const before = this.#byKey.get(name);
    if (before !== undefined) this.#bytes -= sizeOf(before);
    this.#byKey.set(name, change);
    this.#bytes += sizeOf(change);
  }
}

function nameOf(key: Buffer): string {
  return key.toString("latin1");
}

function sizeOf(change: Change): number {
  return change.key.length + (change.value?.length ?? 0);
}
