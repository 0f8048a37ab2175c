/**
 * A grant: the right of one installation to open one release until a day. Signed by a director, and
 * the content key in it is sealed to the installation's device key and bound to all that it says.
 *
 * Members, order and spelling are fixed: a grant is read by writing it again.
 */
import { parseUuid } from "../uuid.js";
import { parseObject } from "./json-object.js";
import { isModelId, targetPathOf } from "./model-header.js";

/** What a grant says. */
export interface Grant {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  /** SHA-256 of the device key's SPKI, lower-case hex. */
  readonly kid: string;
  readonly targetPath: string;
  /** Of the model file, lower-case hex. */
  readonly encSha256: string;
  readonly encLen: number;
  readonly release: number;
  /** Version of the targets metadata that the director looked at. */
  readonly catalogueVersion: number;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds; from then on it opens nothing. */
  readonly notAfter: number;
  /** Rises strictly per installation. */
  readonly seq: number;
  /** The stream it was made for; 32 zero bytes when it was fetched. */
  readonly helloNonce: Uint8Array;
  /** Encapsulated key, 32 bytes. */
  readonly enc: Uint8Array;
  /** The sealed content key, 48 bytes. */
  readonly ct: Uint8Array;
}

/** Type of the envelope. */
export const GRANT_TYPE = "application/vnd.heatpool.grant.v1+json";
/** Greatest envelope. */
export const GRANT_BYTES_MAX = 4096;
/** The nonce of a grant that was made for no stream. */
export const NO_NONCE = new Uint8Array(32);

const HEX = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NONCE_BYTES = 32;
const ENC_BYTES = 32;
const CT_BYTES = 48;
const DOMAIN = Buffer.from("heatpool-grant/v1\0");

/** The canonical bytes of a grant. */
export function encodeGrant(grant: Grant): Buffer {
  return Buffer.from(
    JSON.stringify({
      installation_id: grant.installationId,
      kid: grant.kid,
      target_path: grant.targetPath,
      enc_sha256: grant.encSha256,
      enc_len: grant.encLen,
      release: grant.release,
      catalogue_version: grant.catalogueVersion,
      issued_at: grant.issuedAt,
      not_after: grant.notAfter,
      seq: grant.seq,
      hello_nonce: toBase64(grant.helloNonce),
      enc: toBase64(grant.enc),
      ct: toBase64(grant.ct),
    }),
  );
}

/** The grant in `payload`; `undefined` when it is not exactly what `encodeGrant` writes. */
export function decodeGrant(payload: Buffer): Grant | undefined {
  const given = parseObject(payload.toString("utf8"));
  if (given === undefined) return undefined;
  const texts = [given.installation_id, given.kid, given.target_path, given.enc_sha256];
  const binaries = [given.hello_nonce, given.enc, given.ct];
  if (![...texts, ...binaries].every((one) => typeof one === "string")) return undefined;
  const grant = {
    installationId: given.installation_id,
    kid: given.kid,
    targetPath: given.target_path,
    encSha256: given.enc_sha256,
    encLen: given.enc_len,
    release: given.release,
    catalogueVersion: given.catalogue_version,
    issuedAt: given.issued_at,
    notAfter: given.not_after,
    seq: given.seq,
    helloNonce: Buffer.from(String(given.hello_nonce), "base64"),
    enc: Buffer.from(String(given.enc), "base64"),
    ct: Buffer.from(String(given.ct), "base64"),
  } as Grant;
  return isWellFormed(grant) && encodeGrant(grant).equals(payload) ? grant : undefined;
}

function isWellFormed(grant: Grant): boolean {
  const numbers = [
    grant.encLen,
    grant.release,
    grant.catalogueVersion,
    grant.issuedAt,
    grant.notAfter,
    grant.seq,
  ];
  return (
    UUID.test(grant.installationId) &&
    HEX.test(grant.kid) &&
    HEX.test(grant.encSha256) &&
    isTargetPath(grant.targetPath) &&
    numbers.every((one) => Number.isSafeInteger(one) && one >= 0) &&
    grant.helloNonce.length === NONCE_BYTES &&
    grant.enc.length === ENC_BYTES &&
    grant.ct.length === CT_BYTES
  );
}

/** Whether `path` is where some release of some model stands; nothing else is ever a target. */
function isTargetPath(path: string): boolean {
  const [modelId = "", release = ""] = path.split("/");
  const number = Number(release);
  const isRelease = Number.isSafeInteger(number) && number >= 1;
  return isModelId(modelId) && isRelease && path === targetPathOf(modelId, number);
}

/** What the sealed key is bound to, beside the keys. */
export function grantContext(
  grant: Pick<Grant, "installationId" | "kid" | "encSha256" | "release" | "notAfter" | "seq">,
): { info: Buffer; aad: Buffer } {
  const id = parseUuid(grant.installationId) ?? new Uint8Array();
  const numbers = Buffer.alloc(24);
  for (const [place, value] of [grant.release, grant.notAfter, grant.seq].entries())
    numbers.writeBigUInt64BE(BigInt(value), 8 * place);
  return {
    info: Buffer.concat([DOMAIN, id, Buffer.from(grant.kid, "hex")]),
    aad: Buffer.concat([Buffer.from(grant.encSha256, "hex"), numbers]),
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
