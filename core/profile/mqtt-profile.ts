/**
 * A profile of a heat pump that is heard, not asked: what the MQTT topics of its gateway mean,
 * checked and ready for use.
 *
 * A person writes YAML (`mqtt-profile-schema.ts`), `mqtt-compile.ts` makes this of it. It shares
 * identity, metrics, derivations and provenance with the Modbus profile. Topics are exact, never
 * patterns, and nothing here can publish.
 */
import type { Label, Profile, ProfileRegister, Resolution, Scale, ValueTest } from "./profile.js";

/** Which part of a payload is the value. */
export type Extractor =
  | { readonly kind: "whole" }
  /** The n-th part between semicolons, counted from 0. */
  | { readonly kind: "field"; readonly index: number }
  | { readonly kind: "path"; readonly keys: readonly (string | number)[] };

/** Where a value may be. The topic still has its parameters in braces. */
export interface Place {
  readonly topic: string;
  readonly extract: Extractor;
}

/** How a text becomes a number. Words are in small letters. */
export type TextRule =
  | {
      readonly kind: "number";
      /** Whether the part behind the point is added upwards below zero too: -1.25 is -0.75. */
      readonly isFractionUpward: boolean;
    }
  | {
      readonly kind: "words";
      readonly words: ReadonlyMap<string, number>;
      /** What stands before a hexadecimal number, and what is added to that: H12 → 256 + 0x12. */
      readonly prefixes: ReadonlyMap<string, number>;
    }
  | { readonly kind: "text" };

/** The way from a payload's part to a value. */
export interface PointFormat {
  readonly rule: TextRule;
  /** Texts that mean "nothing there", in small letters. */
  readonly absentTexts: readonly string[];
  /** Numbers that mean "nothing there", before scaling. */
  readonly absent: readonly number[];
  /** The value where a text says "nothing there": no entry in a list of faults is no fault. */
  readonly nothingMeans: number | undefined;
  readonly scale: Scale;
  readonly resolution: Resolution;
}

/** Another place that decides about a point's value. */
export interface Companion {
  readonly name: string;
  readonly places: readonly Place[];
  /** The value counts only while the companion is one of these. Empty: it does not judge. */
  readonly accepts: readonly number[];
  /** While the companion is one of these, the value is `clearedValue`. */
  readonly clears: readonly number[];
  readonly clearedValue: number | undefined;
}

/** One value of the device. */
export interface MqttPoint
  extends Pick<
    ProfileRegister,
    | "id"
    | "unit"
    | "metrics"
    | "label"
    | "codes"
    | "isFlags"
    | "min"
    | "max"
    | "sources"
    | "confidence"
    | "isVerified"
  > {
  /** Alternatives; the first that is seen wins. */
  readonly places: readonly Place[];
  readonly format: PointFormat;
  /** A value older than this is none. `undefined`: the profile's. */
  readonly maxAgeMs: number | undefined;
  readonly companions: readonly Companion[];
  /** Points whose live value decides whether this one means anything. */
  readonly gates: readonly { readonly pointId: string; readonly accepts: ValueTest }[];
}

/** One sign of life; all of them must hold. */
export interface AvailabilityRule {
  readonly place: Place;
  /** Words that say yes, in small letters. Empty: every word does. */
  readonly alive: readonly string[];
  /** Whether it is a counter that must go on counting. */
  readonly mustMove: boolean;
  /** Silence beyond this is death. `undefined`: the last word stands. */
  readonly maxAgeMs: number | undefined;
  /** A retained "no" is believed only after this time without a live word. */
  readonly settleMs: number;
  /** Whether never having heard it is a "no". */
  readonly isRequired: boolean;
  /** What it tells, for the person who reads why there are no values. */
  readonly meaning: string;
}

/** Something that differs from house to house and stands in topics: `{base}`. */
export interface TopicParameter {
  readonly name: string;
  readonly label: Label;
  /** All of them are listened to when nothing is configured. */
  readonly defaults: readonly string[];
}

/** When the gateway says something. */
export interface Publishing {
  readonly pattern: "cyclic" | "on-change" | "passive";
  readonly everySeconds: number;
  readonly maxAgeMs: number;
  /** Whether the gateway lets the broker keep its values. Kept ones are shown, never sampled. */
  readonly isRetained: boolean;
}

/** A checked profile. */
export interface MqttProfile
  extends Pick<
    Profile,
    | "name"
    | "version"
    | "manufacturer"
    | "model"
    | "description"
    | "isVerified"
    | "candidates"
    | "derived"
    | "sources"
  > {
  readonly broker: {
    readonly port: number;
    readonly tlsPort: number;
    /** Topics that change the heat pump. Nobody publishes there; no point may be one of them. */
    readonly neverPublish: readonly string[];
  };
  readonly publishing: Publishing;
  readonly availability: readonly AvailabilityRule[];
  readonly parameters: readonly TopicParameter[];
  readonly points: readonly MqttPoint[];
}

/** A profile of either transport. */
export type AnyProfile = Profile | MqttProfile;

/** Whether its device is heard over MQTT. */
export function isMqttProfile(profile: AnyProfile): profile is MqttProfile {
  return "points" in profile;
}
