/**
 * Both ends of a grant's content key: a director seals it to one device, the device opens it.
 */
import { type DirectorSigner, sealDsse } from "./dsse.js";
import { encodeGrant, GRANT_TYPE, type Grant, grantContext } from "./grant.js";
import { openAsDevice, sealToDevice } from "./hpke.js";
import { kidOf, type X25519Pair } from "./key-agreement.js";
import { readPublicKey } from "./key-form.js";

/** What is granted, and to whom. */
export interface GrantToSeal extends Omit<Grant, "enc" | "ct" | "kid"> {
  /** The device's key: X25519, 44 bytes of SPKI. */
  readonly kemSpki: Uint8Array;
  /** Content key of the release. */
  readonly cek: Uint8Array;
}

/**
 * The envelope of a grant, or `undefined` when nothing can be sealed to this device's key.
 *
 * @param ephemeral a fresh X25519 key pair, used for nothing else
 */
export async function sealGrant(
  { kemSpki, cek, ...said }: GrantToSeal,
  sign: DirectorSigner,
  ephemeral: X25519Pair,
): Promise<string | undefined> {
  const recipient = readPublicKey("x25519", { der: kemSpki });
  if (recipient === undefined) return undefined;
  const grant = { ...said, kid: kidOf(kemSpki) };
  // A key of low order: the enrolment refuses it; a push must not end because of one.
  const seal = await sealToDevice(recipient, grantContext(grant), cek, ephemeral);
  if (seal === undefined) return undefined;
  return sealDsse(GRANT_TYPE, encodeGrant({ ...grant, ...seal }), sign);
}

/** The content key, or `undefined` when the grant was sealed to another key or says other things. */
export function openGrant(grant: Grant, device: X25519Pair): Promise<Buffer | undefined> {
  return openAsDevice(device, grantContext(grant), grant);
}
