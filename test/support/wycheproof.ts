/**
 * Runs files of Wycheproof through `core/envelope`.
 *
 * A judge answers `taken` when our wrapper did what the vector describes and its result is the
 * vector's, `refused` when it refused. What is to be expected follows from the vector's own result,
 * save for the few rules of `expectationOf`, which say why.
 */
import type { JsonWebKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { openAead, sealAead } from "#core/envelope/aead.js";
import { decryptCbc, encryptCbc } from "#core/envelope/fernet.js";
import { agreeP256, agreeX25519 } from "#core/envelope/key-agreement.js";
import {
  deriveKey,
  type Hash,
  isMacOf,
  mac,
  stretchPassword,
} from "#core/envelope/key-derivation.js";
import {
  type KeyKind,
  type KeyText,
  readPrivateKey,
  readPublicKey,
  toPrivateDer,
  toPublicDer,
} from "#core/envelope/key-form.js";
import { isSignedBy, type SignatureScheme } from "#core/envelope/signature.js";

type Verdict = "taken" | "refused";
type Fields = Readonly<Record<(typeof FIELDS)[number], string>>;
type Judge = (test: Vector, group: Fields) => Verdict;

/** All members of vectors and groups that judges look at. */
const FIELDS = [
  "aad",
  "ct",
  "dk",
  "ikm",
  "info",
  "iv",
  "ivSize",
  "key",
  "keySize",
  "msg",
  "okm",
  "password",
  "private",
  "public",
  "publicKeyDer",
  "salt",
  "shared",
  "sig",
  "tag",
] as const;

type Vector = Fields & {
  readonly tcId: number;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
  readonly size: number;
  readonly dkLen: number;
  readonly iterationCount: number;
};

interface VectorFile {
  readonly testGroups: readonly (Fields & { readonly tests: readonly Vector[] })[];
}

/** What our wrapper must say to a vector. */
function expectationOf({ result, flags }: Vector, { ivSize }: Fields, nonceBits: number): Verdict {
  if (result === "invalid") return "refused";
  // One length of nonce only: GCM and ChaCha20 96 bits, CBC a block.
  if (ivSize !== undefined && Number(ivSize) !== nonceBits) return "refused";
  if (result === "valid") return "taken";
  // A secret that everybody knows is none (RFC 7748 6.1 leaves the check to us).
  if (flags.includes("ZeroSharedSecret")) return "refused";
  // Points on the twist and above p are to be taken as they are (RFC 7748 5).
  const isTaken = ["Twist", "NonCanonicalPublic"].some((flag) => flags.includes(flag));
  // The rest are keys in another form than the one, and a signature without its NULL (RFC 8017 A.2.4).
  return isTaken ? "taken" : "refused";
}

const hex = (text: string) => Buffer.from(text, "hex");

/** What comes of a refusal by exception: wrappers throw only for lengths that a caller chose. */
function attempt(judge: () => boolean): Verdict {
  try {
    return judge() ? "taken" : "refused";
  } catch (error) {
    if ((error as { code?: unknown }).code === "INVALID_ARGUMENT") return "refused";
    throw error;
  }
}

function aead(cipherOf: (group: Fields) => string): Judge {
  return (test, group) =>
    attempt(() => {
      const cipher = cipherOf(group) as "chacha20-poly1305";
      const secret = { key: hex(test.key), nonce: hex(test.iv), aad: hex(test.aad) };
      const sealed = Buffer.concat([hex(test.ct), hex(test.tag)]);
      const plain = openAead(cipher, secret, sealed);
      if (plain === undefined) return false;
      return plain.equals(hex(test.msg)) && sealAead(cipher, secret, plain).equals(sealed);
    });
}

function signature(scheme: SignatureScheme, kind: KeyKind): Judge {
  return (test, group) =>
    attempt(() => {
      const key = readPublicKey(kind, { der: hex(group.publicKeyDer) });
      return key !== undefined && isSignedBy(scheme, key, hex(test.msg), hex(test.sig));
    });
}

function x25519(read: (key: string, half: "public" | "private") => KeyText): Judge {
  return (test) =>
    attempt(() => {
      const ours = readPrivateKey("x25519", read(test.private, "private"));
      const theirs = readPublicKey("x25519", read(test.public, "public"));
      if (ours === undefined || theirs === undefined) return false;
      return agreeX25519(ours, theirs)?.equals(hex(test.shared)) === true;
    });
}

function hkdf(hash: Hash): Judge {
  return (test) =>
    attempt(() => {
      const input = { secret: hex(test.ikm), salt: hex(test.salt), info: hex(test.info) };
      return deriveKey(hash, input, test.size).equals(hex(test.okm));
    });
}

/** How each file is judged. */
export const judges: Readonly<Record<string, Judge>> = {
  "aes_cbc_pkcs5_test.json": (test) =>
    attempt(() => {
      const [key, iv] = [hex(test.key), hex(test.iv)];
      const plain = decryptCbc(key, iv, hex(test.ct));
      if (plain === undefined) return false;
      return plain.equals(hex(test.msg)) && encryptCbc(key, iv, plain).equals(hex(test.ct));
    }),
  "aes_gcm_test.json": aead((group) => `aes-${String(group.keySize)}-gcm`),
  "chacha20_poly1305_test.json": aead(() => "chacha20-poly1305"),
  "ecdh_secp256r1_test.json": (test) =>
    attempt(() => {
      const secret = agreeP256(toScalar(test.private), hex(test.public));
      return secret?.equals(hex(test.shared)) === true;
    }),
  "ecdsa_secp256r1_sha256_p1363_test.json": signature("ecdsa-p256-p1363", "p256"),
  "ecdsa_secp256r1_sha256_test.json": signature("ecdsa-p256", "p256"),
  "ed25519_test.json": signature("ed25519", "ed25519"),
  "hkdf_sha256_test.json": hkdf("sha256"),
  "hkdf_sha512_test.json": hkdf("sha512"),
  "hmac_sha256_test.json": (test) =>
    attempt(() => {
      const [key, msg, tag] = [hex(test.key), hex(test.msg), hex(test.tag)];
      return isMacOf(key, msg, tag) && mac(key, msg).subarray(0, tag.length).equals(tag);
    }),
  "pbkdf2_hmacsha256_test.json": (test) =>
    attempt(() => {
      const { iterationCount: rounds, dkLen: bytes } = test;
      const key = stretchPassword(hex(test.password), { salt: hex(test.salt), rounds, bytes });
      return key.equals(hex(test.dk));
    }),
  "rsa_pss_2048_sha256_mgf1_32_test.json": signature("rsa-pss-sha256", "rsa"),
  "rsa_signature_2048_sha256_test.json": signature("rsa-pkcs1-sha256", "rsa"),
  "x25519_asn_test.json": x25519((key) => ({ der: hex(key) })),
  "x25519_jwk_test.json": x25519((key) => ({ jwk: key as unknown as JsonWebKey })),
  "x25519_pem_test.json": x25519((key) => ({ pem: key })),
  "x25519_test.json": x25519((key, half) => {
    const raw = hex(key);
    return { der: half === "public" ? toPublicDer("x25519", raw) : toPrivateDer("x25519", raw) };
  }),
};

/** Big integers may carry a zero in front. */
function toScalar(text: string): Buffer {
  const bytes = hex(text.length % 2 === 1 ? `0${text}` : text);
  const short = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.alloc(Math.max(0, 32 - short.length)), short]);
}

/** What a file brought. */
export interface FileOutcome {
  readonly cases: number;
  /** Invalid, and taken. */
  readonly wronglyTaken: number;
  /** `tcId result flags: verdict` of all that is not as expected. */
  readonly unexplained: readonly string[];
}

export function runFile(path: string): FileOutcome {
  const judge = judges[basename(path)];
  if (judge === undefined) throw new Error(`no judge for ${path}`);
  const { testGroups } = JSON.parse(readFileSync(path, "utf8")) as VectorFile;
  const isBlockMode = path.endsWith("aes_cbc_pkcs5_test.json");
  const unexplained: string[] = [];
  let [cases, wronglyTaken] = [0, 0];
  for (const group of testGroups) {
    for (const test of group.tests) {
      cases++;
      const verdict = judge(test, group);
      if (test.result === "invalid" && verdict === "taken") wronglyTaken++;
      if (verdict !== expectationOf(test, group, isBlockMode ? 128 : 96))
        unexplained.push(`${test.tcId} ${test.result} ${test.flags.join()}: ${verdict}`);
    }
  }
  return { cases, wronglyTaken, unexplained };
}
