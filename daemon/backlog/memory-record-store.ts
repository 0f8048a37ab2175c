/** Records in memory: a disk that is always well, and gone with the process. */
import type { Change, CleanMark, DiskSpace, Opening, RecordStore } from "./record-store.js";

/** A map of records. Opened again, it is what the same disk would be. */
export class MemoryRecordStore implements RecordStore {
  readonly #records = new Map<string, readonly [Buffer, Buffer]>();
  #opening: Opening = { clean: undefined, isNew: true, vanished: undefined, lossNumberMin: 1 };
  #bytes = 0;

  async open(): Promise<Opening> {
    const opening = this.#opening;
    this.#opening = { ...opening, isNew: false, clean: undefined };
    return opening;
  }

  async *scan(): AsyncIterable<readonly [Buffer, Buffer]> {
    yield* [...this.#records.values()].sort(([a], [b]) => Buffer.compare(a, b));
  }

  async commit(changes: readonly Change[]): Promise<boolean> {
    for (const { key, value } of changes) {
      const name = key.toString("latin1");
      const before = this.#records.get(name);
      if (before !== undefined) this.#bytes -= key.length + before[1].length;
      if (value === undefined) this.#records.delete(name);
      else {
        this.#records.set(name, [key, value]);
        this.#bytes += key.length + value.length;
      }
    }
    return true;
  }

  async read(key: Buffer): Promise<Buffer | undefined> {
    return this.#records.get(key.toString("latin1"))?.[1];
  }

  async compact(): Promise<void> {
    // A map gives its space back by itself.
  }

  async space(): Promise<DiskSpace> {
    return { used: this.#bytes, isLow: false };
  }

  async wipe(lossNumberMin: number): Promise<void> {
    this.#records.clear();
    this.#bytes = 0;
    this.#opening = { clean: undefined, isNew: true, vanished: undefined, lossNumberMin };
  }

  async close(mark: CleanMark | undefined): Promise<void> {
    this.#opening = { ...this.#opening, isNew: false, clean: mark };
  }
}
