/**
 * A profile: what the registers of one kind of heat pump mean, checked and ready for use.
 *
 * A person writes YAML (`profile-schema.ts`), `compile-profile.ts` makes this of it. What stands
 * here is complete: defaults are filled in, repeated registers are written out, sentinels are raw
 * words, units are known and every register has its source. Nothing here can write to a device.
 */
import type { Space } from "./register-range.js";

/** A text in both languages of the product. */
export interface Label {
  readonly de: string;
  readonly en: string;
}

/**
 * How raw words become a number. `sum`: each word times its magnitude. `nonzero`: 0 is no, anything
 * else is yes. `string` and `version` (a number per word: 3.90.1) are texts.
 */
export type Encoding =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "float32"
  | "bool"
  | "nonzero"
  | "bits"
  | "string"
  | "version"
  | "sum";

/** What comes first on the wire. */
export type Order = "high-first" | "low-first";

/** value = raw * numerator / denominator + offset. */
export interface Scale {
  readonly numerator: number;
  readonly denominator: number;
  readonly offset: number;
}

/** Values are kept as multiples of multiplier / 10 ** decimals. */
export interface Resolution {
  readonly multiplier: number;
  readonly decimals: number;
}

/** The bit pattern of one register and its way to a value. */
export interface RegisterFormat {
  readonly encoding: Encoding;
  /** Words, or bits in the spaces of bits. */
  readonly words: number;
  readonly wordOrder: Order;
  readonly byteOrder: Order;
  /** `bits`: the lowest bit and their number. */
  readonly bits: { readonly first: number; readonly count: number } | undefined;
  /** `sum`: what one of each word is worth, in wire order. */
  readonly magnitudes: readonly number[];
  readonly scale: Scale;
  /** `undefined`: the exact float is kept. */
  readonly resolution: Resolution | undefined;
  /** Raw words that mean "nothing there"; enum codes and legal values are already taken out. */
  readonly absent: readonly (readonly number[])[];
  /** `sum`: values of a single word that mean "nothing there". */
  readonly absentInAnyWord: readonly number[];
  /** Whether a float that is not a number means "nothing there". */
  readonly isNanAbsent: boolean;
  /** Whether 1 means no and 0 means yes. */
  readonly isInverted: boolean;
}

/** How often a register is read: after connecting, at every poll, at every n-th. */
export type PollGroup = "once" | "fast" | "slow";

/** What must hold for a register to be read; all of its conditions together. */
export type Condition =
  | { readonly kind: "parameter"; readonly parameter: string; readonly values: readonly string[] }
  | {
      readonly kind: "firmware";
      readonly since: string | undefined;
      readonly until: string | undefined;
    }
  | { readonly kind: "register"; readonly registerId: string; readonly accepts: ValueTest };

/** A test of a value; what is left out is not tested. */
export interface ValueTest {
  readonly oneOf: readonly number[] | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Greater than, not equal. */
  readonly above: number | undefined;
}

/** One value of the device. */
export interface ProfileRegister {
  /** Unique in the profile; the metric of a reading when no catalogue metric is given. */
  readonly id: string;
  readonly unitId: number;
  /** The space it is read from; `manualSpace` is the one the manual names. */
  readonly space: Space;
  readonly manualSpace: Space;
  readonly address: number;
  readonly format: RegisterFormat;
  readonly unit: string;
  /** Catalogue metrics it may serve; 1 is asked first. Empty: local only, never shared. */
  readonly metrics: readonly { readonly metric: string; readonly priority: number }[];
  readonly label: Label;
  /** Codes of an enumeration, or masks of flags, with their texts. */
  readonly codes: ReadonlyMap<number, Label>;
  readonly isFlags: boolean;
  readonly group: PollGroup;
  /** Whether it must be alone in its request: overlaps, and registers that lie in blocks. */
  readonly isSingle: boolean;
  /** Plausible values, in the unit. Outside: read once more, then dropped. */
  readonly min: number;
  readonly max: number;
  /** Largest plausible change from one poll to the next, in the unit. */
  readonly maxStep: number | undefined;
  readonly conditions: readonly Condition[];
  /** What the device would allow; heatpool reads, and `w` is never read either. */
  readonly access: "r" | "rw" | "w";
  /** Why nobody should write it lightly. */
  readonly write: WriteClass | undefined;
  /** Keys of `Profile.sources`. */
  readonly sources: readonly string[];
  readonly confidence: string;
  /** Whether a recording of a real device has confirmed it. */
  readonly isVerified: boolean;
}

/** `eeprom` wears out, `watchdog` falls back unless rewritten, `command` acts once. */
export interface WriteClass {
  readonly kind: "eeprom" | "watchdog" | "cyclic" | "command" | "plain";
  readonly rewriteSeconds: number | undefined;
}

/** What the installer chose: which circuits, zones, modules, options there are. */
export interface ProfileParameter {
  readonly name: string;
  readonly label: Label;
  readonly values: readonly string[];
  readonly defaults: readonly string[];
  /** Whether more than one value may be chosen. */
  readonly isList: boolean;
}

/** A register that proves that the device is the one described. */
export interface IdentificationRule {
  readonly registerId: string;
  readonly accepts: ValueTest;
  /** Whether "nothing there" is an accepted answer. */
  readonly mayBeAbsent: boolean;
  /** Whether the device must refuse this register: only another one has it. */
  readonly mustBeRefused: boolean;
  /** What it proves, for the person who reads the refusal. */
  readonly meaning: string;
}

/** A metric computed of others; operands are metrics or register ids. */
export interface DerivedMetric {
  readonly metric: string;
  readonly operation: "divide" | "sum" | "difference" | "product" | "first";
  readonly operands: readonly string[];
  readonly factor: number;
  readonly resolution: Resolution;
  readonly min: number;
  readonly max: number;
  /** All must hold, otherwise there is no value. */
  readonly guards: readonly { readonly operand: string; readonly accepts: ValueTest }[];
}

/** Addresses of one space of one unit. */
export interface AddressSpan {
  readonly unitId: number | undefined;
  readonly space: Space | undefined;
  readonly from: number;
  readonly to: number;
}

/** How to talk to the device. */
export interface ProfileConnection {
  readonly transport: "tcp" | "tls" | "rtu-over-tcp" | "rtu-gateway";
  readonly port: number;
  /** Unit of registers that name none; an installation may set another. */
  readonly unitId: number;
  /** Whether answers as unit 0 or 255 are the device's too. */
  readonly mayAnswerAsAnyUnit: boolean;
  readonly wordsPerReadMax: number;
  readonly bitsPerReadMax: number;
  /** Unwanted words that may be read between two wanted ones. */
  readonly gapWordsMax: number;
  /** Whether every request must ask for exactly one register. */
  readonly isExact: boolean;
  /** Empty: everything. */
  readonly readable: readonly AddressSpan[];
  readonly forbidden: readonly AddressSpan[];
  /** Whether function codes 3 and 4 read the same registers. */
  readonly hasOneSpace: boolean;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly pauseAfterConnectMs: number;
  readonly pauseBetweenRequestsMs: number;
  readonly shouldCloseAfterPoll: boolean;
  /** The device closes a connection that rests this long. */
  readonly idleCloseSeconds: number | undefined;
  /** A wall: polling faster hurts the device. */
  readonly pollSecondsMin: number;
  /** How often the device itself renews its values. */
  readonly refreshSeconds: number | undefined;
  readonly connectionsMax: number | undefined;
  /** Exception codes that mean "this register is not there". */
  readonly absentExceptions: readonly number[];
}

/** A checked profile. */
export interface Profile {
  /** `idm/navigator-2.0` */
  readonly name: string;
  /** Changes whenever the text does; quarantines and channel tables hang on it. */
  readonly version: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly description: Label;
  /** Whether a recording of a real device stands behind it. */
  readonly isVerified: boolean;
  readonly connection: ProfileConnection;
  /** Seconds between two reads of the slow group. */
  readonly slowSeconds: number;
  readonly parameters: readonly ProfileParameter[];
  readonly registers: readonly ProfileRegister[];
  /** Per metric the ids of the registers that may serve it, best first. */
  readonly candidates: ReadonlyMap<string, readonly string[]>;
  /** In an order in which each needs only earlier ones. */
  readonly derived: readonly DerivedMetric[];
  readonly identification: readonly IdentificationRule[];
  /** Register whose value is the firmware version, if any. */
  readonly firmwareRegisterId: string | undefined;
  readonly sources: ReadonlyMap<string, string>;
}
