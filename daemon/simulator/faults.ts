/** What can be wrong with a simulated device, for trying what a reader makes of it. */
import { HeatpoolError } from "#core/errors.js";
import { decodeRegister } from "#core/profile/decode.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import type { RegisterRange, Space } from "#core/profile/register-range.js";
import type { Behaviour, RegisterImage } from "./modbus-server.js";
import { absentCodeOf } from "./profile-image.js";

/** One thing that is wrong. */
export type Fault =
  /** Hangs up on whoever rests for two seconds. */
  | { readonly kind: "idle-close" }
  /** Takes connections and requests and answers nothing. */
  | { readonly kind: "silent" }
  /** Every answer comes this late. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Device failure (exception 4) whenever the address is read. */
  | ({ readonly kind: "exception" } & FaultyPlace)
  /** The address is not there, whatever the profile says. */
  | ({ readonly kind: "hole" } & FaultyPlace)
  /** Every third read shows an implausible value. */
  | { readonly kind: "spike"; readonly register: ProfileRegister };

/** Where something is wrong: in every unit and space that is not excluded. */
interface FaultyPlace {
  readonly address: number;
  readonly space?: Space;
  readonly unitId?: number;
}

/** How a fault is written on the command line. */
export const FAULT_FORMS =
  "idle-close, silent, slow:<ms>, exception:<address>, hole:<address>, spike:<register id>";

const IDLE_CLOSE_MS = 2000;
const DELAY_MS_MAX = 600_000;
const ADDRESS_MAX = 65_535;
const DEVICE_FAILURE = 4;
const SPIKE_EVERY = 3;
/** 32453 is what an iDM room mode shows now and then; the others are odd in their own ways. */
const SPIKE_WORDS = [0x7ec5, 0x7ffa, 0x8005, 0xfff3] as const;

/** @throws HeatpoolError `USAGE` for what is no fault, or cannot be one of this profile */
export function parseFault(text: string, profile: Profile): Fault {
  const [kind, detail = "", ...more] = text.split(":");
  const number = /^\d{1,6}$/.test(detail) ? Number(detail) : Number.POSITIVE_INFINITY;
  if (more.length === 0) {
    if ((kind === "idle-close" || kind === "silent") && !text.includes(":")) return { kind };
    if (kind === "slow" && number <= DELAY_MS_MAX) return { kind, ms: number };
    if ((kind === "exception" || kind === "hole") && number <= ADDRESS_MAX) {
      return { kind, address: number };
    }
    if (kind === "spike") return { kind, register: findSpiking(profile, detail) };
  }
  throw new HeatpoolError("USAGE", `${JSON.stringify(text)} is no fault`, {
    hint: `Faults are: ${FAULT_FORMS}.`,
  });
}

/** The image as a faulty device would serve it; holes and exceptions may be added while it runs. */
export function spoilImage(
  image: RegisterImage,
  profile: Profile,
  faults: readonly Fault[],
): RegisterImage {
  const spikes = faults.flatMap((one) => (one.kind === "spike" ? [one.register] : []));
  const reads = new Map<string, number>();

  function spike(range: RegisterRange, words: readonly number[]): readonly number[] {
    const spoilt = [...words];
    for (const register of spikes.filter((one) => holds(range, one, profile))) {
      const count = (reads.get(register.id) ?? 0) + 1;
      reads.set(register.id, count);
      const wrong = count % SPIKE_EVERY === 0 ? spikeWords(register) : undefined;
      spoilt.splice(register.address - range.address, wrong?.length ?? 0, ...(wrong ?? []));
    }
    return spoilt;
  }

  return {
    read(range) {
      for (const fault of faults) {
        if (fault.kind !== "exception" && fault.kind !== "hole") continue;
        const hole = absentCodeOf(profile.connection);
        if (touches(range, fault)) return fault.kind === "hole" ? hole : DEVICE_FAILURE;
      }
      const words = image.read(range);
      return typeof words === "number" ? words : spike(range, words);
    },
  };
}

/** What the faults change about the server. */
export function faultyBehaviour(faults: readonly Fault[]): Behaviour {
  const slow = faults.find((one) => one.kind === "slow");
  return {
    ...(faults.some((one) => one.kind === "silent") && { isSilent: true }),
    ...(faults.some((one) => one.kind === "idle-close") && { idleCloseMs: IDLE_CLOSE_MS }),
    ...(slow !== undefined && { answerDelayMs: slow.ms }),
  };
}

function findSpiking(profile: Profile, id: string): ProfileRegister {
  const register = profile.registers.find((one) => one.id === id);
  if (register === undefined) {
    throw new HeatpoolError("USAGE", `${profile.name} has no register ${JSON.stringify(id)}`, {
      hint: "The ids are in the file of the profile.",
    });
  }
  if (spikeWords(register) !== undefined) return register;
  throw new HeatpoolError("USAGE", `${id} cannot spike: any value of it is plausible`, {
    hint: "Choose a register with min and max.",
  });
}

/** Words that are no plausible value. */
function spikeWords(register: ProfileRegister): readonly number[] | undefined {
  return SPIKE_WORDS.map((word) => Array<number>(register.format.words).fill(word)).find(
    (words) => decodeRegister(words, register).quality === "implausible",
  );
}

function touches(range: RegisterRange, { address, space, unitId }: FaultyPlace): boolean {
  return (
    range.address <= address &&
    address < range.address + range.count &&
    (space === undefined || space === range.space) &&
    (unitId === undefined || unitId === range.unitId)
  );
}

function holds(range: RegisterRange, register: ProfileRegister, { connection }: Profile): boolean {
  const isSpace =
    range.space === register.space ||
    (connection.hasOneSpace && range.space === "holding" && register.space === "input");
  return (
    isSpace &&
    range.unitId === register.unitId &&
    range.address <= register.address &&
    register.address + register.format.words <= range.address + range.count
  );
}
