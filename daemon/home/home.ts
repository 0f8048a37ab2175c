/**
 * Home automation: readings of the house for the house, by a broker of its owner. Off unless it is
 * configured. Only the newest snapshot of each heat pump waits, so a broker that is down costs
 * nothing but its own view; polling never waits for it.
 */
import type { Snapshot } from "#core/measurement/snapshot.js";

/** Publishes what the daemon sees. */
export interface HomePublisher {
  /** Takes the newest snapshot of a heat pump; never waits, never throws. */
  show(snapshot: Snapshot): void;
  /** Whether a heat pump answers. */
  showOnline(deviceId: string, isOnline: boolean): void;
  state(): HomeState;
  /** Lives until the signal; then says that the daemon is gone. */
  run(signal: AbortSignal): Promise<void>;
}

/** For status. */
export interface HomeState {
  readonly isConnected: boolean;
  readonly published: number;
  /** Why the last connection failed; empty while there is one. */
  readonly fault: string;
}
