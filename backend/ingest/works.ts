/** The works of installations that deliver right now: one each, however many streams it has. */
import type { InstallationWork } from "./installation-work.js";

/** A work while a stream uses it. */
interface Entered {
  readonly work: Promise<InstallationWork>;
  /** To be called once, at the end. */
  leave(): void;
}

/** Works by installation. */
export interface Works {
  enter(installationId: string): Entered;
  /** Lets go of a work that failed: the next stream reads the store anew. */
  drop(work: InstallationWork): void;
  has(installationId: string): boolean;
  /** Fails an installation's work; resolves when nothing of it is being written any more. */
  end(installationId: string): Promise<void>;
}

interface Entry {
  readonly work: Promise<InstallationWork>;
  streams: number;
}

/** @param load reads what the store knows */
export function createWorks(load: (installationId: string) => Promise<InstallationWork>): Works {
  const entries = new Map<string, Entry>();
  const forget = (id: string, entry: Entry) => {
    if (entries.get(id) === entry) entries.delete(id);
  };
  return {
    enter(id) {
      const entry = entries.get(id) ?? { work: load(id), streams: 0 };
      entries.set(id, entry);
      entry.streams++;
      // What could not be read must not be remembered.
      entry.work.catch(() => forget(id, entry));
      const leave = async () => {
        // Late writes of a closed stream still use the work.
        await (await entry.work).tail;
        entry.streams--;
        if (entry.streams === 0) forget(id, entry);
      };
      return { work: entry.work, leave: () => void leave().catch(() => undefined) };
    },
    has: (id) => entries.has(id),
    async end(id) {
      const work = await entries.get(id)?.work.catch(() => undefined);
      if (work === undefined) return;
      work.failed = true;
      await work.tail;
      entries.delete(id);
    },
    drop(work) {
      entries.delete(work.state.installationId);
    },
  };
}
