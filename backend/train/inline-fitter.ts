/** The arithmetic of training in the thread that asks for it: for tests and single models. */
import { fitMonth } from "./fit-month.js";
import type { Fitter } from "./learn-fleet.js";
import { makeModel } from "./make-model.js";

export function createInlineFitter(): Fitter {
  return {
    size: 1,
    fit: async (task) => fitMonth(task),
    make: async (task) => makeModel(task),
    close: async () => undefined,
  };
}
