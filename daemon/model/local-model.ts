/**
 * The model that this house learnt from its own past, and the one before it: in one small file per
 * device, written whole or not at all. A file that is damaged is a model that is not there.
 */
import { type Artefact, decodeArtefact, encodeArtefact } from "#core/anomaly/artefact.js";
import { HeatpoolError } from "#core/errors.js";
import type { StateFile } from "../host/state-file.js";

/** A model and how it came about. */
export interface LearntModel {
  readonly artefact: Artefact;
  /** UTC day of the newest row it knows, as `2026-11-21`. */
  readonly learnedUntil: string;
  /** Unix days: newest learnt, how many. */
  readonly lastDay: number;
  readonly days: number;
  /** °C, daily means that were learnt. */
  readonly coldest: number;
  readonly warmest: number;
}

/** Keeps them. */
export interface LocalModelShelf {
  readonly current: LearntModel | undefined;
  readonly previous: LearntModel | undefined;
  /** Durable when it returns; what was current becomes the previous one. */
  put(model: LearntModel): void;
  /** @throws HeatpoolError `NOT_FOUND` there is none before */
  rollBack(): LearntModel;
  clear(): void;
}

const FORMAT = 1;

/** As it stands in the file. */
interface Written extends Omit<LearntModel, "artefact"> {
  readonly artefact: string;
}

/** @param onLost the file could not be read */
export function openLocalModels(
  file: Pick<StateFile, "read" | "write" | "remove">,
  heatPumpModel: string,
  onLost: (why: string) => void,
): LocalModelShelf {
  let { current, previous } = read(file, heatPumpModel, onLost);
  const write = () => {
    const models = [current, previous].map((one) => one && toWritten(one));
    file.write(JSON.stringify({ format: FORMAT, current: models[0], previous: models[1] }));
  };
  return {
    get current() {
      return current;
    },
    get previous() {
      return previous;
    },
    put(model) {
      previous = current;
      current = model;
      write();
    },
    rollBack() {
      if (previous === undefined)
        throw new HeatpoolError("NOT_FOUND", "there is no model before the present one", {
          hint: "Use `heatpool model relearn` to learn anew, or `heatpool model reset` to begin again.",
        });
      [current, previous] = [previous, current];
      write();
      return current;
    },
    clear() {
      current = undefined;
      previous = undefined;
      file.remove();
    },
  };
}

function toWritten({ artefact, ...facts }: LearntModel): Written {
  return { ...facts, artefact: Buffer.from(encodeArtefact(artefact)).toString("base64") };
}

function read(
  file: Pick<StateFile, "read">,
  heatPumpModel: string,
  onLost: (why: string) => void,
): { current: LearntModel | undefined; previous: LearntModel | undefined } {
  const text = file.read();
  if (text === undefined) return { current: undefined, previous: undefined };
  const toModel = (written: Written | undefined): LearntModel | undefined => {
    if (written === undefined) return undefined;
    const bytes = Buffer.from(written.artefact, "base64");
    return { ...written, artefact: decodeArtefact(bytes, heatPumpModel) };
  };
  try {
    const { format, current, previous } = JSON.parse(text) as {
      format: number;
      current?: Written;
      previous?: Written;
    };
    if (format !== FORMAT) throw new RangeError(`format ${format}`);
    return { current: toModel(current), previous: toModel(previous) };
  } catch (fault) {
    onLost(String(fault));
    return { current: undefined, previous: undefined };
  }
}
