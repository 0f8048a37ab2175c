/**
 * What every fault suite is asked for and answers with. A suite is a pass only when nothing was
 * lost, nothing doubled, nothing died unasked and nothing is left unexplained.
 */

/** What the command line asks of a suite. */
export interface Request {
  /** First seed; everything random follows from it and from the number of the run. */
  readonly seed: number;
  /** How many runs; the suite's own number when left out. */
  readonly seeds: number | undefined;
  /** How many cases, where a suite counts them; instead of `seeds`. */
  readonly cases?: number | undefined;
  /** No run begins after so many seconds. */
  readonly seconds: number | undefined;
  /** For a person who watches. */
  note(text: string): void;
}

/** What came of it. */
export interface Tally {
  /** Times a fault was put and everything afterwards was counted. */
  runs: number;
  /** Snapshots that somebody had answered for: acknowledged by the backend or committed to disk. */
  acked: number;
  /** Of those, found nowhere afterwards. */
  lost: number;
  /** Found more than once. */
  doubled: number;
  /** Programs that ended unasked, or faults nobody caught. */
  crashes: number;
  /** Rows nobody served, accounts that do not add up, queues that did not drain. */
  unexplained: number;
  /** What went wrong, and the command that shows it again. */
  readonly failures: string[];
  /** Figures of one suite alone. */
  readonly figures: Record<string, number>;
}

/** A module `faults/<name>.ts` exports `run` of this type. */
export type Suite = (request: Request) => Promise<Tally>;

export function createTally(): Tally {
  const counts = { runs: 0, acked: 0, lost: 0, doubled: 0, crashes: 0, unexplained: 0 };
  return { ...counts, failures: [], figures: {} };
}

/** Adds to a figure of one suite alone. */
export function addFigure(tally: Tally, name: string, by = 1): void {
  const before: number | undefined = tally.figures[name];
  tally.figures[name] = (before ?? 0) + by;
}

/** Adds what one run found to all of them. */
export function addTally(to: Tally, one: Tally): void {
  for (const name of ["runs", "acked", "lost", "doubled", "crashes", "unexplained"] as const) {
    to[name] += one[name];
  }
  to.failures.push(...one.failures);
  for (const [name, value] of Object.entries(one.figures)) {
    addFigure(to, name, value);
  }
}

export function isClean(tally: Tally): boolean {
  return tally.lost + tally.doubled + tally.crashes + tally.unexplained === 0;
}

/** The seeds of a request, as long as there is time for them. */
export function* seedsOf(request: Request, seedsUsual: number): Generator<number> {
  const untilMs = performance.now() + (request.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const isTimed = request.seconds !== undefined && request.seeds === undefined;
  const seeds = request.seeds ?? (isTimed ? Number.POSITIVE_INFINITY : seedsUsual);
  for (let k = 0; k < seeds && performance.now() < untilMs; k++) yield request.seed + k;
}

/** Runs `work` on the items, so many at a time. */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** For a person: where it came from and why. */
export function describeFault(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  const { cause } = fault;
  return `${fault.stack}${cause instanceof Error ? `: ${cause.message}` : ""}`;
}
