/**
 * The registers of a profile as its device would serve them.
 *
 * Everything the profile says about the device holds: what is forbidden, outside of what is
 * readable, or not there is refused with the device's own exception; holes answer only where the
 * profile says that they may be read over; single registers and exact requests stand alone. Values
 * come from a heat pump model, so registers of one quantity show the same.
 */
import { encodeRegister } from "#core/profile/encode.js";
import { encodeText } from "#core/profile/encode-text.js";
import type {
  AddressSpan,
  Profile,
  ProfileConnection,
  ProfileRegister,
} from "#core/profile/profile.js";
import type { RegisterRange, Space } from "#core/profile/register-range.js";
import type { HeatPumpModel } from "./heat-pump-model.js";
import { EXCEPTION, type RegisterImage } from "./modbus-server.js";
import { plausibleValue } from "./plausible-value.js";
import { furnish } from "./simulated-house.js";

/** The image, and what it means. */
export interface ProfileImage extends RegisterImage {
  /** Ids of the registers that have a value. */
  readonly servedIds: ReadonlySet<string>;
  /** What a register shows now, before encoding; `undefined` where it shows no number. */
  shown(registerId: string): number | undefined;
}

/** What was built into the simulated house. */
export interface ImageOptions {
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
}

/** What an ISG answers where nothing is, inside a block. */
const HOLE_WORD = 0x8000;
/** Text of registers that hold one. */
const TEXT = "heatpool";

/** What lies at an address. Bits of one word are several registers. */
interface Place {
  readonly registers: readonly ProfileRegister[];
  /** 0 at the first word of a value. */
  readonly offset: number;
}

/**
 * Serves `profile` with the values of `model` at the moment of the read.
 *
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter or value that the profile does not know
 */
export function createProfileImage(
  profile: Profile,
  model: HeatPumpModel,
  { parameters = {} }: ImageOptions = {},
): ProfileImage {
  const house = furnish(profile, model, parameters);
  const servedIds = new Set(house.served.map((one) => one.id));
  const rules = createAddressRules(profile);
  const places = placesOf([...house.empty, ...house.served]);
  const units = new Set(profile.registers.map((one) => one.unitId));

  const meantValue = (register: ProfileRegister): number =>
    house.fixed.get(register.id) ?? plausibleValue(register, model);

  function wordsOf(register: ProfileRegister): readonly number[] {
    const { format, id } = register;
    const nothing = format.absent[0] ?? Array<number>(format.words).fill(0);
    if (!servedIds.has(id)) return nothing;
    const isVersion = id === profile.firmwareRegisterId && house.firmware !== "";
    const text = encodeText(isVersion ? house.firmware : TEXT, format);
    return text ?? encodeRegister(meantValue(register), register) ?? nothing;
  }

  /** Words of all values from this place on, up to the end of the first. */
  function wordsAt({ registers, offset }: Place): readonly number[] {
    const [first = [], ...others] = registers.map(wordsOf);
    const whole = first.map((word, at) => others.reduce((sum, one) => sum | (one[at] ?? 0), word));
    return whole.slice(offset);
  }

  function read(asked: RegisterRange): readonly number[] | number {
    const range = { ...asked, space: rules.spaceOf(asked.space) };
    if (!units.has(range.unitId)) return EXCEPTION.noSuchUnit;
    const at = (address: number): Place | undefined => places.get(keyOf({ ...range, address }));
    if (rules.refuses(range, at)) return rules.absentCode;
    const words: number[] = [];
    while (words.length < range.count) {
      const place = at(range.address + words.length);
      if (place === undefined && words.length === 0) return rules.absentCode;
      const next = place === undefined ? rules.bridge(range, words.length, at) : wordsAt(place);
      if (next === undefined) return rules.absentCode;
      words.push(...next);
    }
    return words.slice(0, range.count);
  }

  const byId = new Map(house.served.map((one) => [one.id, one]));
  return {
    read,
    servedIds,
    shown(registerId) {
      const register = byId.get(registerId);
      if (register === undefined || encodeText("", register.format) !== undefined) return undefined;
      return meantValue(register);
    },
  };
}

type Lookup = (address: number) => Place | undefined;

/** What a device lets be asked, as the profile tells it. */
function createAddressRules({ connection, registers }: Profile) {
  const writeOnly: readonly AddressSpan[] = registers
    .filter((one) => one.access === "w")
    .map(({ unitId, space, address, format }) => ({
      unitId,
      space,
      from: address,
      to: address + format.words - 1,
    }));
  const closed = [...connection.forbidden, ...writeOnly];
  return {
    absentCode: absentCodeOf(connection),
    spaceOf: (space: Space): Space =>
      connection.hasOneSpace && space === "holding" ? "input" : space,
    /** Whether the request is one that the device does not take. */
    refuses(range: RegisterRange, at: Lookup): boolean {
      const end = range.address + range.count - 1;
      const spans = (all: readonly AddressSpan[]) => all.filter((span) => isIn(span, range));
      if (spans(closed).some((span) => span.from <= end && range.address <= span.to)) return true;
      const readable = spans(connection.readable);
      const isInside = readable.some((span) => span.from <= range.address && end <= span.to);
      if (connection.readable.length > 0 && !isInside) return true;
      const touched = Array.from({ length: range.count }, (_, i) => at(range.address + i)).flatMap(
        (place) => place?.registers ?? [],
      );
      const needsAlone = connection.isExact || touched.some((one) => one.isSingle);
      return needsAlone && !touched.some((one) => isWhole(one, range));
    },
    /** Words for a hole between two values, where the device lets it be read over. */
    bridge(range: RegisterRange, from: number, at: Lookup): readonly number[] | undefined {
      const left = range.count - from;
      for (let length = 1; length <= Math.min(connection.gapWordsMax, left - 1); length++) {
        if (at(range.address + from + length) !== undefined) {
          return Array<number>(length).fill(HOLE_WORD);
        }
      }
      return undefined;
    },
  };
}

/** The exception of a register that is not there: 2, unless the device is known for others only. */
export function absentCodeOf({ absentExceptions }: ProfileConnection): number {
  const [other = EXCEPTION.illegalAddress] = absentExceptions;
  return absentExceptions.includes(EXCEPTION.illegalAddress) ? EXCEPTION.illegalAddress : other;
}

function isWhole(register: ProfileRegister, range: RegisterRange): boolean {
  return register.address === range.address && register.format.words === range.count;
}

function isIn(span: AddressSpan, { unitId, space }: RegisterRange): boolean {
  return (
    (span.unitId === undefined || span.unitId === unitId) &&
    (span.space === undefined || span.space === space)
  );
}

/** Values by the address of each of their words; where values overlap, a beginning wins. */
function placesOf(registers: readonly ProfileRegister[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const register of registers) {
    for (let offset = 1; offset < register.format.words; offset++) {
      const key = keyOf({ ...register, address: register.address + offset });
      if (!places.has(key)) places.set(key, { registers: [register], offset });
    }
  }
  for (const register of registers) {
    const key = keyOf(register);
    const there = places.get(key);
    const isShared = there?.offset === 0 && register.format.encoding === "bits";
    const together = isShared ? [...there.registers, register] : [register];
    places.set(key, { registers: together, offset: 0 });
  }
  return places;
}

function keyOf(at: Pick<RegisterRange, "unitId" | "space" | "address">): string {
  return `${at.unitId}/${at.space}/${at.address}`;
}
