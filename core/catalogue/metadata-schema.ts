/**
 * The shape of TUF metadata as this catalogue carries it.
 *
 * Unknown members are signed and kept, as TUF demands; what is decided upon is exact. Source: TUF
 * 1.0.31 section 4, with less freedom: Ed25519 only, four roles, no delegations, lengths and hashes
 * always there, one role per key.
 */
import { z } from "zod";
import { keyIdOf } from "./public-key.js";

/** `.enc` files and what is in them. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const PLAIN_BYTES_MAX = 256 * 1024 * 1024;
const METADATA_BYTES_MAX = 4 * 1024 * 1024;
const KEYS_MAX = 32;
const SIGNATURES_MAX = 32;
const HEATPUMP_MODELS_MAX = 256;
/** The models of @tufjs copy a list once per entry: 2,000 took seven times as long as 500. */
const RELEASES_MAX = 1_000;

/** Names of models: also folders, so nothing that climbs out of one. */
const MODEL_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const HEX_32 = z.string().regex(/^[0-9a-f]{64}$/);
const VERSION = z.int().min(1);
/** A real instant, in the one spelling that sorts. */
const INSTANT = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  .refine((text) => toIso(text) === text, "not a real date");

function toIso(text: string): string | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const keySchema = z.strictObject({
  keytype: z.literal("ed25519"),
  scheme: z.literal("ed25519"),
  keyval: z.strictObject({ public: HEX_32 }),
});
const keysSchema = z
  .record(HEX_32, keySchema)
  .refine((keys) => Object.keys(keys).length <= KEYS_MAX, "too many keys")
  .refine(
    (keys) => {
      const values = Object.values(keys).map(({ keyval }) => keyval.public);
      return new Set(values).size === values.length;
    },
    { error: "one key under two ids", abort: true },
  )
  .refine(
    (keys) => Object.entries(keys).every(([id, key]) => keyIdOf(key) === id),
    "a key id that is not the hash of its key",
  );
const roleSchema = z
  .strictObject({ keyids: z.array(HEX_32).min(1).max(KEYS_MAX), threshold: z.int().min(1) })
  .refine(({ keyids }) => new Set(keyids).size === keyids.length, "a key id twice")
  .refine(({ keyids, threshold }) => threshold <= keyids.length, "a threshold beyond its keys");

const COMMON = {
  spec_version: z.string().regex(/^1\.\d{1,3}(\.\d{1,3})?$/, "not TUF 1"),
  version: VERSION,
  expires: INSTANT,
};

const rootSchema = z
  .looseObject({
    ...COMMON,
    _type: z.literal("root"),
    consistent_snapshot: z.literal(true),
    keys: keysSchema,
    roles: z.strictObject({
      root: roleSchema,
      targets: roleSchema,
      snapshot: roleSchema,
      timestamp: roleSchema,
    }),
    heatpool: z.looseObject({ director_keys: keysSchema }),
  })
  .refine(({ roles }) => roles.root.threshold >= 2, "root wants two signatures at least")
  .refine(
    ({ roles, keys }) =>
      Object.values(roles).every(({ keyids }) => keyids.every((id) => id in keys)),
    "a role with a key that is not listed",
  )
  .refine(({ roles, heatpool }) => {
    const ids = Object.values(roles).flatMap(({ keyids }) => keyids);
    const all = [...ids, ...Object.keys(heatpool.director_keys)];
    return new Set(all).size === all.length;
  }, "a key with two roles");

const metaFileSchema = z.looseObject({
  version: VERSION,
  length: z.int().min(1).max(METADATA_BYTES_MAX),
  hashes: z.strictObject({ sha256: HEX_32 }),
});
const timestampSchema = z.looseObject({
  ...COMMON,
  _type: z.literal("timestamp"),
  meta: z.strictObject({ "snapshot.json": metaFileSchema }),
  heatpool: z.looseObject({ signed_at: INSTANT }),
});
const snapshotSchema = z.looseObject({
  ...COMMON,
  _type: z.literal("snapshot"),
  meta: z.strictObject({ "targets.json": metaFileSchema }),
});

/** What the catalogue says about one release, beside length and hash. @internal */
export const customSchema = z.looseObject({
  model_id: z.string().regex(MODEL_ID),
  release: VERSION,
  heatpump_models: z
    .array(z.string().regex(/^[\x20-\x7e]{1,128}$/))
    .min(1)
    .max(HEATPUMP_MODELS_MAX),
  schema: z.string().regex(/^[\x21-\x7e]{1,64}$/),
  plain_sha256: HEX_32,
  plain_len: z.int().min(1).max(PLAIN_BYTES_MAX),
  min_daemon: z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/),
  revoked: z.boolean(),
  k_installations: z.int().min(0),
  trained_at: INSTANT,
});
const targetSchema = z.looseObject({
  length: z.int().min(1).max(FILE_BYTES_MAX),
  hashes: z.strictObject({ sha256: HEX_32 }),
  custom: customSchema,
});
const targetsSchema = z
  .looseObject({
    ...COMMON,
    _type: z.literal("targets"),
    targets: z.record(z.string(), targetSchema),
  })
  .refine((signed) => !("delegations" in signed), "delegations")
  .refine(({ targets }) => Object.keys(targets).length <= RELEASES_MAX, "too many releases")
  .refine(
    ({ targets }) =>
      Object.entries(targets).every(
        ([path, { custom }]) => path === `${custom.model_id}/${custom.release}/model.enc`,
      ),
    "a path that is not its model and release",
  );

const SIGNED = {
  root: rootSchema,
  targets: targetsSchema,
  snapshot: snapshotSchema,
  timestamp: timestampSchema,
};
const signatureSchema = z.strictObject({
  keyid: HEX_32,
  sig: z.string().regex(/^[0-9a-f]{128}$/),
});
const signaturesSchema = z
  .array(signatureSchema)
  .max(SIGNATURES_MAX)
  .refine(
    (all) => new Set(all.map(({ keyid }) => keyid)).size === all.length,
    "two signatures of one key id",
  );

/** One of the four roles of TUF. */
export type Role = keyof typeof SIGNED;
/** What a role signs. */
export type Signed<R extends Role> = z.output<(typeof SIGNED)[R]>;
/** A signature as metadata carries it. */
export type SignatureEntry = z.output<typeof signatureSchema>;

/** The whole file of a role. */
export function fileSchema(role: Role) {
  return z.strictObject({ signed: SIGNED[role], signatures: signaturesSchema });
}
