/**
 * One secret sealed by us and opened by the library's own suite on WebCrypto, and by what was written
 * from the RFC alone; and back from both.
 */
import type { CipherSuite, DhkemX25519HkdfSha256 } from "@hpke/core";
import type { Chance } from "#core/clock.js";
import { openAsDevice, sealToDevice } from "#core/envelope/hpke.js";
import { createX25519Pair } from "#core/envelope/key-agreement.js";
import { toPrivateDer, toRawPublic } from "#core/envelope/key-form.js";
import { plainOpen, plainSeal } from "./plain-hpke.js";

/** The library as it comes. */
export interface Stock {
  readonly kem: DhkemX25519HkdfSha256;
  readonly stock: CipherSuite;
}

/** Whether all directions gave the secret back. */
export async function roundTrip({ kem, stock }: Stock, chance: Chance): Promise<boolean> {
  const raw = chance(32);
  const device = createX25519Pair(raw);
  const secret = Buffer.from(chance(1 + ((chance(1)[0] ?? 0) % 64)));
  const context = { info: chance(60), aad: chance(56) };
  const seal = await sealToDevice(device.publicKey, context, secret, createX25519Pair(chance(32)));
  if (seal === undefined) return false;
  const alien = await globalThis.crypto.subtle.importKey(
    "pkcs8",
    new Uint8Array(toPrivateDer("x25519", raw)),
    { name: "X25519" },
    true,
    ["deriveBits"],
  );
  const params = { recipientKey: alien, enc: seal.enc, info: context.info };
  const opened = await stock.open(params, seal.ct, context.aad);
  const plainly = plainOpen(raw, context, seal);
  const publicRaw = toRawPublic(device.publicKey);
  const theirPlain = plainSeal(publicRaw, context, secret, chance(32));
  const plainBack = await openAsDevice(device, context, theirPlain);
  if (!secret.equals(plainly) || plainBack?.equals(secret) !== true) return false;
  const recipientPublicKey = await kem.deserializePublicKey(publicRaw);
  const theirs = await stock.seal({ recipientPublicKey, info: context.info }, secret, context.aad);
  const back = await openAsDevice(device, context, {
    enc: new Uint8Array(theirs.enc),
    ct: new Uint8Array(theirs.ct),
  });
  return secret.equals(Buffer.from(opened)) && back?.equals(secret) === true;
}
