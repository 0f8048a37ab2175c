/**
 * What is remembered about models: in one small file, written whole or not at all, so that pointer,
 * grant, number and highest release always belong together.
 */
import type { TrustedTarget } from "#core/envelope/grant-check.js";
import { HeatpoolError } from "#core/errors.js";
import type { StateFile } from "../host/state-file.js";

/** An installed model. */
export interface InstalledModel {
  readonly target: TrustedTarget;
  /** Envelope of the grant that opens it. */
  readonly grant: string;
  /** Unix seconds. */
  readonly grantedUntilS: number;
  /** By this machine's clock. */
  readonly installedAtMs: number;
}

/** The whole memory. */
export interface ModelMemory {
  /** Number of the last grant that was taken; 0: none. */
  readonly seq: number;
  /** Highest release of each model that was ever taken. */
  readonly highest: Readonly<Partial<Record<string, number>>>;
  /** By model id. */
  readonly installed: Readonly<Partial<Record<string, InstalledModel>>>;
  /** Refusals by step. */
  readonly refused: Readonly<Partial<Record<string, number>>>;
}

/** Keeps it. */
export interface ModelBook {
  readonly memory: ModelMemory;
  /** Notes a model that works, with its grant: durable when it returns. */
  install(modelId: string, model: InstalledModel, seq: number): void;
  /** Counts a refusal. */
  refuse(step: string): void;
  /** Forgets models and their grants for good; numbers stay, so that nothing old is taken later. */
  wipe(): void;
}

const FORMAT = 1;
const EMPTY: ModelMemory = { seq: 0, highest: {}, installed: {}, refused: {} };

/** @throws HeatpoolError `STATE_INVALID` the file is not one of ours */
export function openModelBook(file: StateFile): ModelBook {
  let memory = read(file);
  const write = (next: ModelMemory) => {
    file.write(JSON.stringify({ format: FORMAT, ...next }));
    memory = next;
  };
  return {
    get memory() {
      return memory;
    },
    install(modelId, model, seq) {
      const { release } = model.target;
      const highest = Math.max(release, memory.highest[modelId] ?? 0);
      write({
        ...memory,
        seq: Math.max(seq, memory.seq),
        highest: { ...memory.highest, [modelId]: highest },
        installed: { ...memory.installed, [modelId]: model },
      });
    },
    refuse(step) {
      // Counts may be lost in a power cut; they are not worth a write of their own.
      const refused = { ...memory.refused, [step]: (memory.refused[step] ?? 0) + 1 };
      memory = { ...memory, refused };
    },
    wipe() {
      if (Object.keys(memory.installed).length > 0) write({ ...memory, installed: {} });
    },
  };
}

function read(file: StateFile): ModelMemory {
  const text = file.read();
  if (text === undefined) return EMPTY;
  try {
    const { format, ...memory } = JSON.parse(text) as ModelMemory & { format: number };
    if (format === FORMAT && Number.isSafeInteger(memory.seq)) return { ...EMPTY, ...memory };
  } catch {
    // Told below.
  }
  throw new HeatpoolError("STATE_INVALID", `${file.path} is not what heatpool wrote`, {
    hint: "Remove the file; models are fetched again.",
  });
}
