/**
 * What the owner may ask about dead letters, answered the same way by the running daemon and by a
 * command that opened the backlog itself.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { HeatpoolError } from "#core/errors.js";
import type { Backlog, DeadLetter } from "./backlog.js";

/** A question. */
export type DeadLetterAsk =
  | { readonly action: "list" }
  | { readonly action: "show"; readonly number: number }
  | { readonly action: "replay" | "drop"; readonly numbers: readonly number[] | "all" };

/** One snapshot of a dead letter. */
export interface LetterRow {
  readonly atMs: number;
  readonly values: Readonly<Record<string, number>>;
}

/** The answer. */
export interface DeadLetterAnswer {
  /** `list`: all; `show`: the one asked for. */
  readonly letters: readonly DeadLetter[];
  /** Of `show`; left out: they cannot be read. */
  readonly rows?: readonly LetterRow[];
  /** How many were replayed or dropped. */
  readonly count?: number;
}

/** @throws HeatpoolError `NOT_FOUND` no such letter · `BACKLOG_FAILED` the disk refuses */
export async function answerDeadLetters(
  backlog: Backlog,
  ask: DeadLetterAsk,
): Promise<DeadLetterAnswer> {
  const letters = backlog.deadLetters();
  if (ask.action === "list") return { letters };
  if (ask.action === "show") {
    const rows = readLetter(backlog, await backlog.readDeadLetter(ask.number));
    const letter = demand(letters, ask.number);
    return { letters: [letter], ...(rows === undefined ? {} : { rows }) };
  }
  const numbers = ask.numbers === "all" ? letters.map((one) => one.number) : ask.numbers;
  for (const number of numbers) demand(letters, number);
  const count =
    ask.action === "replay"
      ? await backlog.replayDeadLetters(numbers)
      : await backlog.dropDeadLetters(numbers);
  return { letters: backlog.deadLetters(), count };
}

function demand(letters: readonly DeadLetter[], number: number): DeadLetter {
  const letter = letters.find((one) => one.number === number);
  if (letter !== undefined) return letter;
  throw new HeatpoolError("NOT_FOUND", `there is no rejected batch ${number}`, {
    hint: "`heatpool backlog rejected list` shows their numbers.",
  });
}

function readLetter(backlog: Backlog, sealed: SealedBatch | undefined): LetterRow[] | undefined {
  const stream = backlog
    .streams()
    .find(({ table }) => sealed !== undefined && Buffer.compare(table.id, sealed.tableId) === 0);
  if (sealed === undefined || stream === undefined) return undefined;
  try {
    const rows = [...readRows(openSealed(sealed, stream.table), stream.table)];
    return rows.map(({ atMs, values }) => ({ atMs, values: Object.fromEntries(values) }));
  } catch (error) {
    if (error instanceof HeatpoolError) return undefined;
    throw error;
  }
}
