/**
 * Group commit: what many streams want written is written together, with one sync.
 *
 * While one group is being written the next one gathers, so a group waits for at most one write and
 * an idle store writes at once. Groups keep the order of the calls. After a failed write the medium
 * is opened anew and the same group written again; if that fails too, the group and everything that
 * waits fail, because later entries build on earlier ones.
 */

/** Where groups go. */
export interface GroupTarget<Entry> {
  /** Writes entries durably, all or none. Resolves with the group's number. */
  write(entries: readonly Entry[]): Promise<number>;
  /** Lets go of a medium that failed and opens it anew. */
  recover(): Promise<void>;
}

/** Queue in front of a target. */
export interface GroupCommit<Entry> {
  /** Resolves with the group's number when the entry is durable. */
  add(entry: Entry): Promise<number>;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
  /** Does something while nothing is written; what comes meanwhile is written after it. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** Entries of one group. */
const GROUP_ENTRIES_MAX = 64;

interface Waiting<Entry> {
  readonly entry: Entry;
  readonly resolve: (number: number) => void;
  readonly reject: (cause: unknown) => void;
}

/** Starts with an empty queue. */
export function createGroupCommit<Entry>(target: GroupTarget<Entry>): GroupCommit<Entry> {
  let queue: Waiting<Entry>[] = [];
  let running: Promise<void> | undefined;
  /** How many want to be alone: a group that is being written is the last before them. */
  let wanting = 0;

  const writeOnce = async (entries: readonly Entry[]): Promise<number> => {
    try {
      return await target.write(entries);
    } catch {
      // The handle lies after one failed write: only a new one may say that data are durable.
      await target.recover();
      return await target.write(entries);
    }
  };

  const run = async (): Promise<void> => {
    // One turn of the event loop gathers everything that its messages brought.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (queue.length > 0 && wanting === 0) {
      const group = queue.slice(0, GROUP_ENTRIES_MAX);
      queue = queue.slice(GROUP_ENTRIES_MAX);
      try {
        const number = await writeOnce(group.map((one) => one.entry));
        for (const one of group) one.resolve(number);
      } catch (cause) {
        const failed = [...group, ...queue];
        queue = [];
        for (const one of failed) one.reject(cause);
      }
    }
    running = undefined;
  };

  return {
    add: (entry) =>
      new Promise((resolve, reject) => {
        queue.push({ entry, resolve, reject });
        running ??= run();
      }),
    async idle() {
      while (running !== undefined) await running;
    },
    async alone(work) {
      wanting++;
      while (running !== undefined) await running;
      wanting--;
      const done = work();
      const goOn = (): void => {
        running = queue.length > 0 ? run() : undefined;
      };
      running = done.then(goOn, goOn);
      return await done;
    },
  };
}
