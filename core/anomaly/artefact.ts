/**
 * Normal-behaviour models as bytes. What is decoded scores to the bit like what was encoded, and
 * what was damaged, is newer than this program, or is for another heat pump is refused, not guessed.
 */
import { HeatpoolError } from "#core/errors.js";
import type { ShapeOf } from "#core/schema/json-shape.js";
import {
  ARTEFACT_BYTES_MAX,
  NORMAL_FORMAT,
  normalShape,
  type WrittenPart,
} from "./artefact-form.js";
import { invalidModel, numbersToText, textToNumbers } from "./artefact-numbers.js";
import { readCatchAll, writeCatchAll } from "./catch-all-codec.js";
import { namePlan, type PlanPart } from "./feature-plan.js";
import { featureCount, localCount } from "./features.js";
import type { ModelCard } from "./model-card.js";
import { type NormalModel, numbersOf, type PartModel } from "./normal-model.js";

/** A model with the heat pump model it is for; local ones know their machine's level. */
export interface Artefact {
  readonly heatPumpModel: string;
  readonly model: NormalModel;
  readonly known?: readonly Float64Array[];
  /** Left out: nobody trained it for others. */
  readonly card?: ModelCard;
}

/** In place of a name: for every heat pump that has no model of its own. */
const EVERY_MODEL = "*";
/** Row, day, psi, rho and two limits. */
const SINGLES = 6;

/** Same model, same bytes. */
export function encodeArtefact({ heatPumpModel, model, known, card }: Artefact): Uint8Array {
  const parts = model.plan.parts.map((part, index) => {
    const numbers = model.parts[index];
    const own = known?.[index];
    return {
      id: part.id,
      mode: part.mode,
      target: part.target,
      context: part.context,
      tolerance: part.tolerance,
      percent: part.percent,
      house: part.house,
      usable: numbers?.isUsable ?? false,
      numbers: numbers === undefined ? "" : numbersToText(numbersOf(numbers)),
      ...(own !== undefined && { known: numbersToText([...own]) }),
    };
  });
  const { planId } = model.plan;
  const kind = "normal-behaviour";
  const written = {
    kind,
    format: NORMAL_FORMAT,
    heatPumpModel,
    planId,
    factor: model.factor,
    parts,
    ...(model.catchAll !== undefined && { together: writeCatchAll(model.plan, model.catchAll) }),
    ...(card !== undefined && { card }),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(written));
  if (bytes.length > ARTEFACT_BYTES_MAX)
    throw invalidModel(`${bytes.length} bytes, at most ${ARTEFACT_BYTES_MAX} allowed`);
  return bytes;
}

/**
 * Reads a model.
 *
 * @param forModel the heat pump model it is wanted for, which one for all serves too; any when left out
 * @throws HeatpoolError `STATE_INVALID` when it is damaged, too new, or for another heat pump
 */
export function decodeArtefact(bytes: Uint8Array, forModel?: string): Artefact {
  if (bytes.length > ARTEFACT_BYTES_MAX)
    throw invalidModel(`${bytes.length} bytes, at most ${ARTEFACT_BYTES_MAX} allowed`);
  const json = parse(bytes);
  refuseOther(json);
  const { heatPumpModel, planId, factor, parts, together, card } = check(json);
  if (forModel !== undefined && heatPumpModel !== forModel && heatPumpModel !== EVERY_MODEL)
    throw invalidModel(`is for ${heatPumpModel}, wanted for ${forModel}`);
  const plan = namePlan(parts.map(toPlanPart));
  if (plan.planId !== planId) throw invalidModel(`plan is ${plan.planId}, says ${planId}`);
  const model = {
    ...{ plan, parts: parts.map((part, i) => readPart(part, plan.parts[i])), factor },
    ...(together !== undefined && { catchAll: readCatchAll(plan, together) }),
  };
  const artefact = { heatPumpModel, model, ...(card !== undefined && { card }) };
  const hasOwn = parts.every(({ known }) => known !== undefined);
  if (!hasOwn) return artefact;
  return { ...artefact, known: parts.map((part, i) => readKnown(part, plan.parts[i])) };
}

function check(json: unknown): ShapeOf<typeof normalShape> {
  try {
    return normalShape(json, "model");
  } catch (cause) {
    if (cause instanceof HeatpoolError) throw invalidModel(cause.message, cause);
    throw cause;
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidModel("is damaged or cut off", cause);
  }
}

/** A clearer word than a list of issues for what is simply something else. */
function refuseOther(json: unknown): void {
  if (typeof json !== "object" || json === null) throw invalidModel("is no model");
  const { kind, format } = json as { kind?: unknown; format?: unknown };
  if (kind !== "normal-behaviour") throw invalidModel(`is of kind ${String(kind).slice(0, 40)}`);
  if (typeof format === "number" && format > NORMAL_FORMAT)
    throw new HeatpoolError(
      "STATE_INVALID",
      `model has format ${format}, known is ${NORMAL_FORMAT}`,
      {
        hint: "Update heatpool; until then the model it has stays in use.",
      },
    );
}

function toPlanPart(part: WrittenPart): PlanPart {
  const { id, mode, target, context, tolerance, percent, house } = part;
  return { id, mode, target, context, tolerance, percent, house };
}

function readPart(written: WrittenPart, part: PlanPart | undefined): PartModel {
  if (part === undefined) throw invalidModel("a part is missing");
  const size = featureCount(part);
  const local = localCount(part);
  const numbers = textToNumbers(written.numbers);
  const length = SINGLES + local + size + (size * (size + 1)) / 2;
  if (numbers.length !== length)
    throw invalidModel(`${part.id}: ${numbers.length} numbers of ${length}`);
  const [row = 0, day = 0, psi = 0, rho = 0, fast = 0, slow = 0] = numbers;
  const between = numbers.subarray(SINGLES, SINGLES + local);
  if (!(row > 0 && day >= 0 && psi >= 1 && rho > 0 && fast > 0 && slow > 0))
    throw invalidModel(`${part.id}: a variance or limit is out of range`);
  if (written.usable && !between.every((value) => value > 0))
    throw invalidModel(`${part.id}: a variance between machines is not above 0`);
  return {
    isUsable: written.usable,
    rowVariance: row,
    dayVariance: day,
    psi,
    rho,
    limitFast: fast,
    limitSlow: slow,
    between,
    beta: numbers.subarray(SINGLES + local, SINGLES + local + size),
    leverage: numbers.subarray(SINGLES + local + size),
  };
}

function readKnown(written: WrittenPart, part: PlanPart | undefined): Float64Array {
  const numbers = textToNumbers(written.known ?? "");
  const local = part === undefined ? 0 : localCount(part);
  if (numbers.length !== local * local)
    throw invalidModel(`${written.id}: what is known does not fit`);
  return numbers;
}
