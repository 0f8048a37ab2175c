/** What the scorer is made of; it is put together in `create-scorer.ts`. */
import type { Language } from "#core/anomaly/explanation-text.js";
import type { ModeOf } from "#core/anomaly/machine-readings.js";
import type { Clock } from "#core/clock.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Log } from "../host/log.js";
import type { StateFile } from "../host/state-file.js";
import type { Notice } from "../notify/notify.js";
import type { AlarmBook } from "./alarm-book.js";
import type { WriteTime } from "./alarm-words.js";
import type { LearningRules } from "./local-learning.js";
import type { RowStore } from "./row-store.js";
import type { CommunityModels } from "./scorer.js";

/** A device that is to be watched. */
export interface DeviceToScore {
  readonly deviceId: string;
  readonly heatpumpModel: string;
  readonly modeOf: ModeOf;
}

/** Files of one device. */
export interface DeviceFiles {
  readonly state: Pick<StateFile, "readBytes" | "write" | "remove">;
  readonly local: Pick<StateFile, "read" | "write" | "remove">;
}

/** What the scorer is made of. */
export interface ScorerParts {
  readonly devices: readonly DeviceToScore[];
  filesOf(deviceId: string): DeviceFiles;
  readonly book: AlarmBook;
  readonly rows: RowStore;
  /** Polls that the house remembers, in the order of time; left out: it remembers none. */
  readonly past?: ((deviceId: string) => AsyncIterable<Snapshot>) | undefined;
  /** Left out: there is no community. */
  readonly community?: CommunityModels | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly language: Language;
  readonly writeTime: WriteTime;
  /** Never waits, never throws. */
  readonly tell: (notice: Notice) => void;
  /** Lets everything else go first. */
  readonly pause: () => Promise<void>;
  /** Other than usual, for replays. */
  readonly rules?: Partial<LearningRules> & { readonly quietNewCells?: number };
}
