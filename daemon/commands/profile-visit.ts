/** A visit to a real device with a profile, without any configuration: for `probe` and `record`. */
import { HeatpoolError } from "#core/errors.js";
import type { Profile } from "#core/profile/profile.js";
import type { ReadChoice } from "#core/profile/register-choice.js";
import { connectModbusTcp } from "../device/modbus-tcp.js";
import { linkRulesOf } from "../device/profile-rules.js";
import { identify } from "../poll/identify.js";
import { createRangeAsker } from "../poll/range-asking.js";
import { type Survey, survey } from "../poll/survey.js";
import type { ProfileCommandDeps } from "./profile-deps.js";
import { collect, parseParameters, toWhole } from "./profile-options.js";

/** Options of both commands. */
export interface VisitOptions {
  readonly host: string;
  readonly port?: string;
  readonly unit?: string;
  readonly parameters: readonly string[];
}

/** What is asked of a device besides its identity. */
export interface Visit {
  /**
   * The firmware version, empty where the profile knows none.
   *
   * @throws HeatpoolError `PROFILE_MISMATCH`, saying what was found; `DEVICE_…`
   */
  identify(): Promise<string>;
  survey(firmware: string): Promise<Survey>;
}

/** Registers between two lines about progress. */
const PROGRESS_STEP = 50;

/** The command with the options of a visit. */
export function withVisitOptions<C extends { option: (...args: never[]) => C }>(command: C): C {
  const add = command.option.bind(command) as (...args: unknown[]) => C;
  add("--port <number>", "the profile's unless told");
  add("--unit <number>", "unit id, the profile's unless told");
  return add("--parameters <name=a,b>", "what the house has; may be repeated", collect, []);
}

/** Connects for one visit and hangs up; only ever reads, with the pauses of the profile. */
export async function visit<T>(
  deps: ProfileCommandDeps,
  profile: Profile,
  options: VisitOptions,
  work: (device: Visit) => Promise<T>,
): Promise<T> {
  const { connection } = profile;
  const port =
    options.port === undefined ? connection.port : toWhole("--port", options.port, 1, 65_535);
  const choice: Pick<ReadChoice, "parameters" | "unitId"> = {
    parameters: parseParameters(options.parameters),
    ...(options.unit !== undefined && { unitId: toWhole("--unit", options.unit, 0, 255) }),
  };
  const rules = linkRulesOf(connection);
  const reader = connectModbusTcp({ host: options.host, port }, rules, deps.clock);
  const stop = (): void => void reader.close();
  deps.ending.addEventListener("abort", stop, { once: true });
  const asker = createRangeAsker(reader, connection, deps.note);
  let told = 0;
  try {
    return await work({
      async identify() {
        // What decides about other registers the survey reads by itself.
        const identity = await identify(profile, { ...choice, wanted: "all" }, asker, new Set());
        return identity.firmware;
      },
      survey: (firmware) =>
        survey(profile, asker, {
          choice,
          firmware,
          signal: deps.ending,
          onProgress(done, all) {
            if (done < all && done - told < PROGRESS_STEP) return;
            told = done;
            deps.note(`${profile.name}: ${done} of ${all} registers`);
          },
        }),
    });
  } finally {
    deps.ending.removeEventListener("abort", stop);
    await reader.close();
  }
}

/** @throws HeatpoolError `DEVICE_CLOSED` when the person wants to end */
export function stopIfEnding(signal: AbortSignal): void {
  if (signal.aborted) throw new HeatpoolError("DEVICE_CLOSED", "stopped");
}
