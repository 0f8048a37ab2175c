/** Numbers of a model as text, and the word for a model that cannot be read. */
import { HeatpoolError } from "#core/errors.js";

/** Little-endian float32 in base64. */
export function numbersToText(numbers: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  for (const [index, value] of numbers.entries()) view.setFloat32(index * 4, value, true);
  return Buffer.from(view.buffer).toString("base64");
}

/** @throws HeatpoolError `STATE_INVALID` cut off, or a number that is none */
export function textToNumbers(text: string): Float64Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % 4 !== 0) throw invalidModel("numbers are cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const numbers = Float64Array.from({ length: bytes.length / 4 }, (_, i) =>
    view.getFloat32(i * 4, true),
  );
  if (!numbers.every(Number.isFinite)) throw invalidModel("a number is not finite");
  return numbers;
}

/** What cannot be used is refused, not guessed. */
export function invalidModel(what: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("STATE_INVALID", `normal-behaviour model: ${what}`, {
    hint: "The file is not used; the last good model stays.",
    cause,
  });
}
