/**
 * Everything that reads what strangers wrote, by name: each takes an input or refuses it, and gives
 * anything else away as a crash. Where a signature or a tag stands behind the input, only the inputs
 * of the corpus may be taken.
 */
import { createHash } from "node:crypto";
import { decodeBlock } from "#core/batch/block.js";
import { createColumns } from "#core/batch/columns.js";
import { ROWS_MAX } from "#core/batch/limits.js";
import { fromWireBatch } from "#core/batch/wire-batch.js";
import { type Role, readMetadata } from "#core/catalogue/metadata.js";
import { readCsr } from "#core/certificate/csr.js";
import { openDsse } from "#core/envelope/dsse.js";
import { decodeGrant, GRANT_TYPE } from "#core/envelope/grant.js";
import { createLegacyEnvelopes } from "#core/envelope/legacy-envelope.js";
import { createModelOpener } from "#core/envelope/model-open.js";
import { HeatpoolError } from "#core/errors.js";
import { parseAnyProfile } from "#core/profile/parse-profile.js";
import { DeliverRequest } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { toGreeting } from "../../backend/rpc/greeting.js";
import { legacyVectors } from "../../test/support/legacy-vectors.js";
import { cek, grantVectors, vectorState } from "../../test/support/model-file.js";
import { TABLE } from "../../test/support/pool-bed.js";
import { feedFrames } from "./feed-frames.js";

/** One reader. */
export interface FuzzTarget {
  readonly name: string;
  /** Whether only inputs of the corpus may be taken. */
  readonly isSealed: boolean;
  /** Whether the input was taken. @throws whatever is no refusal */
  read(input: Buffer): boolean;
}

const STEP_MS = 60_000;
/** What the signatures and tags of the corpus stand for. */
const PAYLOADS = new Set(
  grantVectors.cases.map(({ envelope }) => /"payload":\s*"([^"]*)"/.exec(envelope)?.[1] ?? ""),
);
const PLAINS = new Set(legacyVectors.vectors.map(({ plaintextBase64 }) => plaintextBase64 ?? ""));
const ROLES: readonly Role[] = ["root", "timestamp", "snapshot", "targets"];
const legacy = createLegacyEnvelopes({ key: legacyVectors.keyAscii, mayRead: true });
const columns = createColumns(TABLE, ROWS_MAX);

export const TARGETS: readonly FuzzTarget[] = [
  {
    name: "enc",
    isSealed: true,
    read(input) {
      const sha256 = createHash("sha256").update(input).digest("hex");
      const known = vectorState().findTarget("aero-slm/7/model.enc");
      if (known === undefined) throw new Error("the vectors have this target");
      const opener = createModelOpener(cek, { ...known, length: input.length, sha256 });
      if (!opener.push(input)) return false;
      return "plain" in opener.finish();
    },
  },
  { name: "grant", isSealed: false, read: (input) => decodeGrant(input) !== undefined },
  {
    name: "dsse",
    isSealed: false,
    // White space around members is not signed and means nothing; the payload is.
    read(input) {
      const opened = openDsse(input.toString("utf8"), GRANT_TYPE, vectorState().directorKeys);
      if ("refusal" in opened) return false;
      if (PAYLOADS.has(Buffer.from(opened.payload).toString("base64"))) return true;
      throw new Error("a payload was taken that nobody signed");
    },
  },
  {
    name: "tuf",
    isSealed: false,
    // What has a good form is judged by its signatures behind this.
    read: (input) => ROLES.map((role) => isTaken(() => readMetadata(role, input))).includes(true),
  },
  { name: "csr", isSealed: true, read: (input) => isTaken(() => readCsr(input)) },
  { name: "batch", isSealed: false, read: readBatch },
  {
    name: "hello",
    isSealed: false,
    read(input) {
      const body = decode(input)?.body;
      return body?.$case === "hello" && isTaken(() => toGreeting(body.value));
    },
  },
  {
    name: "profile",
    isSealed: false,
    read: (input) => isTaken(() => parseAnyProfile(input.toString("utf8"), "fuzz.yaml")),
  },
  { name: "modbus", isSealed: false, read: feedFrames },
  {
    name: "legacy",
    isSealed: false,
    read(input) {
      const opened = legacy.open(input.toString("utf8"));
      if (opened === undefined) return false;
      if (PLAINS.has(opened.plain.toString("base64"))) return true;
      throw new Error("a content was taken that nobody sealed");
    },
  },
];

/** A refusal is an error of ours; everything else is a crash. */
function isTaken(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof HeatpoolError) return false;
    throw error;
  }
}

/** As gRPC does: what is no message ends the call with a status, whatever was thrown. */
function decode(input: Buffer): DeliverRequest | undefined {
  try {
    return DeliverRequest.decode(input);
  } catch {
    return undefined;
  }
}

function readBatch(input: Buffer): boolean {
  const body = decode(input)?.body;
  if (body?.$case !== "batch") return false;
  return isTaken(() => {
    const { slot = 0, ...facts } = fromWireBatch(body.value, { codec: 1 });
    decodeBlock({ ...facts, slot, stepMs: STEP_MS }, TABLE, columns);
  });
}
