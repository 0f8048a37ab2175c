/**
 * Dead letters: batches kept aside because they cannot be delivered as they are.
 *
 * Each was taken back at the backend before it came here, so its rows are stored nowhere else. They
 * have a limit of their own; what it pushes out goes oldest first, with an entry in the ledger. A
 * letter leaves under new numbers when somebody replays it.
 */
import type { DeadLetter } from "./backlog.js";
import { numberKey } from "./keys.js";

/** A letter that has no number yet. */
export type NewDeadLetter = Omit<DeadLetter, "number">;

/** Share of the backlog's limit that letters may take. */
const BYTES_SHARE = 0.1;
/** Letters kept; a list of more helps nobody. */
const LETTERS_MAX = 1_000;

/** The letters without their batches. */
export class DeadLetters {
  readonly #bytesMax: number;
  readonly #letters = new Map<number, DeadLetter>();
  #next = 1;
  #rows = 0;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#bytesMax = limitBytes * BYTES_SHARE;
  }

  get rows(): number {
    return this.#rows;
  }

  get nextNumber(): number {
    return this.#next;
  }

  /** Oldest first. */
  get all(): readonly DeadLetter[] {
    return [...this.#letters.values()];
  }

  find(number: number): DeadLetter | undefined {
    return this.#letters.get(number);
  }

  adopt(stored: readonly DeadLetter[], nextNumber: number): void {
    for (const letter of [...stored].sort((a, b) => a.number - b.number)) this.#put(letter);
    this.#next = Math.max(this.#next, nextNumber);
  }

  add(letter: NewDeadLetter): DeadLetter {
    const numbered = { ...letter, number: this.#next };
    this.#put(numbered);
    return numbered;
  }

  /** Takes one out. Returns its key. */
  remove(letter: DeadLetter): Buffer {
    if (this.#letters.delete(letter.number)) {
      this.#rows -= letter.snapshots;
      this.#bytes -= letter.bytes;
    }
    return deadLetterKey(letter.number);
  }

  /** What the limit pushes out, oldest first. */
  excess(): readonly DeadLetter[] {
    const gone: DeadLetter[] = [];
    let [bytes, count] = [this.#bytes, this.#letters.size];
    for (const letter of this.#letters.values()) {
      if (bytes <= this.#bytesMax && count <= LETTERS_MAX) break;
      gone.push(letter);
      bytes -= letter.bytes;
      count--;
    }
    return gone;
  }

  #put(letter: DeadLetter): void {
    this.#letters.set(letter.number, letter);
    this.#next = Math.max(this.#next, letter.number + 1);
    this.#rows += letter.snapshots;
    this.#bytes += letter.bytes;
  }
}

/** Where a letter lies. */
export function deadLetterKey(number: number): Buffer {
  return numberKey("d", number);
}
