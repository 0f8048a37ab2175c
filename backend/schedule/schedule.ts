/**
 * What is done at fixed times: by which pattern, when last, with which outcome. Every run is
 * recorded; what was missed while nothing ran is made up for once.
 */

/** What a run tells about itself, for the record. */
export type RunFacts = Readonly<Record<string, number | string>>;

/** Something that is done at fixed times. */
export interface Job {
  /** `^[a-z][a-z-]{0,31}$` */
  readonly name: string;
  /** Five fields of cron: minute, hour, day, month, weekday; UTC. */
  readonly pattern: string;
  /** Whether a process that runs for the first time does it at once. */
  readonly atFirstStart: boolean;
  /** Throws when it failed; it is tried again soon. */
  run(signal: AbortSignal): Promise<RunFacts>;
}

/** One run as it is recorded. */
export interface JobRun {
  readonly job: string;
  /** When it should have run; 0: somebody asked for it. */
  readonly dueMs: number;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly outcome: "done" | "failed";
  /** For people: what it did, or why it failed. */
  readonly detail: string;
}

/** A job and how it stands. */
export interface JobState {
  readonly name: string;
  readonly pattern: string;
  readonly nextDueMs: number;
  readonly isRunning: boolean;
  /** Newest last. */
  readonly runs: readonly JobRun[];
}

/** Jobs that run at their times. */
export interface Schedule {
  states(): readonly JobState[];
  /**
   * Runs a job now. Resolves with its record, also when it failed.
   *
   * @throws HeatpoolError `NOT_FOUND` no such job · `UNAVAILABLE` it runs already
   */
  runNow(name: string): Promise<JobRun>;
  /** Lives until the signal. */
  live(signal: AbortSignal): Promise<void>;
}
