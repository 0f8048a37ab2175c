/**
 * The JSON envelope v2.0 of the earlier telemetry server, for clients that know nothing else.
 *
 * It is written only with a key that the operator supplies, and read only where the operator says
 * so; every write is read back at once. Whoever has the key can make envelopes, and an earlier
 * client runs what it unpickles: so the key that everybody knows is refused, and this program never
 * makes or loads a pickle. One form is accepted: no bare token, no signature of the payload alone,
 * no other version.
 */
import { HeatpoolError } from "../errors.js";
import { type FernetStamp, openFernet, readFernetKey, sealFernet } from "./fernet.js";
import { isMacOf, isSame, mac, sha256 } from "./key-derivation.js";
import {
  NumberText,
  type PythonObject,
  type PythonValue,
  parsePythonJson,
  writePythonJson,
} from "./python-json.js";

/** How envelopes are used here. */
export interface LegacySettings {
  /** 44 characters of a Fernet key. */
  readonly key: string;
  /** Left out: the key that stands in a public repository is refused. */
  readonly acceptPublishedKey?: boolean;
  /** Left out: nothing is read. */
  readonly mayRead?: boolean;
}

/** What an envelope says about its content, unencrypted. */
export interface LegacyMetadata {
  readonly filename: string;
}

/** What is in an envelope. */
export interface LegacyContent {
  readonly metadata: PythonObject;
  readonly plain: Buffer;
}

/** Writes and reads envelopes. */
export interface LegacyEnvelopes {
  seal(plain: Uint8Array, about: LegacyMetadata, stamp: FernetStamp): string;
  /**
   * The content, or `undefined` when the envelope is not one of this key.
   *
   * @throws HeatpoolError `PERMISSION_DENIED` reading is switched off
   */
  open(text: string): LegacyContent | undefined;
}

/** SHA-256 of the key that the earlier system carried in its public source. */
const PUBLISHED_KEY_SHA256 = "6879f1959181419ef3646e45118737ce245f7a61f3adf42e494d4fd3763b62c3";
const VERSION = "2.0";
const MEMBERS = ["metadata", "payload", "signature", "version"] as const;
const SIGNATURE = /^[0-9a-f]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Binary pickles begin with this opcode and their protocol (PEP 307, PEP 3154, PEP 574). */
const PICKLE_OPCODE = 0x80;
const PICKLE_PROTOCOL_MAX = 5;
/** Text pickles begin with one of these and end with a full stop; no JSON does both. */
const TEXT_PICKLE_STARTS = Buffer.from("(cdlp]}");
const TEXT_PICKLE_END = 0x2e;

/** @throws HeatpoolError `CONFIG_INVALID` no Fernet key, or the published one */
export function createLegacyEnvelopes(settings: LegacySettings): LegacyEnvelopes {
  const key = readFernetKey(settings.key);
  const keyText = Buffer.from(settings.key);
  const isPublished = isSame(sha256(keyText), Buffer.from(PUBLISHED_KEY_SHA256, "hex"));
  if (isPublished && settings.acceptPublishedKey !== true) {
    throw new HeatpoolError("CONFIG_INVALID", "the legacy envelope key is the published one", {
      hint: "Make a key of your own; whoever knows this one can run code on earlier clients.",
    });
  }

  function read(text: string): LegacyContent | undefined {
    const envelope = readMembers(text);
    if (envelope === undefined) return undefined;
    const { metadata, payload, signature } = envelope;
    const signed = toSigned(payload, metadata);
    if (!isMacOf(keyText, signed, Buffer.from(signature, "hex"))) return undefined;
    const plain = openFernet(key, Buffer.from(payload, "base64").toString("latin1"));
    return plain === undefined ? undefined : { metadata, plain };
  }

  return {
    seal(plain, { filename }, stamp) {
      if (isPickle(plain))
        throw new HeatpoolError("INVALID_ARGUMENT", "a pickle is never put into an envelope");
      const metadata = new Map<string, PythonValue>([
        ["timestamp", new NumberText(toPythonFloat(stamp.at))],
        ["filename", filename],
        ["size_original", new NumberText(String(plain.length))],
      ]);
      const payload = Buffer.from(sealFernet(key, plain, stamp)).toString("base64");
      const signature = mac(keyText, toSigned(payload, metadata)).toString("hex");
      const text = toText({ metadata, payload, signature });
      if (read(text)?.plain.equals(plain) !== true)
        throw new HeatpoolError("ENVELOPE_INVALID", "a legacy envelope of ours does not open");
      return text;
    },
    open(text) {
      if (settings.mayRead !== true)
        throw new HeatpoolError("PERMISSION_DENIED", "reading legacy envelopes is switched off");
      return read(text);
    },
  };
}

function isPickle(plain: Uint8Array): boolean {
  const [first = 0, second = 0] = plain;
  if (first === PICKLE_OPCODE) return second <= PICKLE_PROTOCOL_MAX;
  return TEXT_PICKLE_STARTS.includes(first) && plain.at(-1) === TEXT_PICKLE_END;
}

interface Envelope {
  readonly metadata: PythonObject;
  readonly payload: string;
  readonly signature: string;
}

function toSigned(payload: string, metadata: PythonObject): string {
  return `${payload}.${writePythonJson(metadata)}`;
}

function toText({ metadata, payload, signature }: Envelope): string {
  const version = JSON.stringify(VERSION);
  const [data, token, tag] = [writePythonJson(metadata), payload, signature];
  return `{"version": ${version}, "metadata": ${data}, "payload": "${token}", "signature": "${tag}"}`;
}

/** The parts of an envelope in its one form. */
function readMembers(text: string): Envelope | undefined {
  const envelope = parsePythonJson(text);
  if (!(envelope instanceof Map)) return undefined;
  const members: PythonObject = envelope;
  if (members.size !== MEMBERS.length) return undefined;
  const [metadata, payload, signature, version] = MEMBERS.map((name) => members.get(name));
  if (version !== VERSION || !(metadata instanceof Map)) return undefined;
  if (typeof payload !== "string" || !BASE64.test(payload)) return undefined;
  if (typeof signature !== "string" || !SIGNATURE.test(signature)) return undefined;
  return { metadata, payload, signature };
}

/** Python's `repr` of a time: never without a fraction. */
function toPythonFloat(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
}
