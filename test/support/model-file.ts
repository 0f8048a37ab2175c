/** Model files and grants as the vectors describe them, for tests and attacks. */
import { createHash } from "node:crypto";
import type { CheckedGrant, GrantState } from "#core/envelope/grant-check.js";
import { checkGrant } from "#core/envelope/grant-check.js";
import { openGrant } from "#core/envelope/grant-seal.js";
import { createX25519Pair } from "#core/envelope/key-agreement.js";
import type { ModelCodec } from "#core/envelope/model-header.js";
import { type ExpectedModel, openModel } from "#core/envelope/model-open.js";
import { sealModel } from "#core/envelope/model-seal.js";
import { readVectors } from "./vectors.js";

interface ModelVector {
  readonly name: string;
  readonly expect: "accept" | "reject";
  readonly why?: string;
  readonly plainLen?: number;
  readonly plainSha256?: string;
  readonly plainBase64?: string;
  readonly encLen?: number;
  readonly encSha256?: string;
  readonly encBase64?: string;
}

interface ModelVectors {
  readonly cekHex: string;
  readonly header: {
    readonly model_id: string;
    readonly release: number;
    readonly file_id: string;
  };
  readonly vectors: readonly ModelVector[];
  readonly derived: readonly { readonly name: string; readonly from: string }[];
}

export const modelVectors = readVectors<ModelVectors>("model-file-v3-vectors.json");
export const cek = Buffer.from(modelVectors.cekHex, "hex");
export const fileId = Buffer.from(modelVectors.header.file_id, "base64");

/** The plaintext of the vectors. */
export function plainOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + 7) & 0xff));
}

export function sealPlain(plain: Uint8Array, codec: ModelCodec = "none"): Buffer {
  const { model_id: modelId, release } = modelVectors.header;
  return sealModel({ modelId, release, codec, plain }, { cek, fileId });
}

/** What a catalogue would say about `file`, if it held `plain`. */
export function expectedOf(file: Uint8Array, plain: Uint8Array): ExpectedModel {
  const { model_id: modelId, release } = modelVectors.header;
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return {
    modelId,
    release,
    length: file.length,
    sha256: hash(file),
    plainLen: plain.length,
    plainSha256: hash(plain),
  };
}

interface GrantVectors {
  readonly directorKeys: GrantState["directorKeys"];
  readonly device: {
    readonly kemPrivateRawHex: string;
    readonly kemPublicSpkiHex: string;
    readonly kid: string;
  };
  readonly expectedIntermediate: Readonly<
    Record<"infoHex" | "aadHex" | "cekHex" | "paeHex", string>
  >;
  readonly state: {
    readonly now: number;
    readonly installationId: string;
    readonly helloNonce: string;
    readonly storedSeq: number;
    readonly highestRelease: Readonly<Record<string, number>>;
    readonly heatpumpModel: string;
    readonly daemonVersion: string;
    readonly trustedTargetsVersion: number;
    readonly targets: Readonly<Record<string, VectorTarget>>;
  };
  readonly modelFile: { readonly vector: string };
  readonly cases: readonly {
    readonly name: string;
    readonly expect: "accept" | "reject";
    readonly failsAt?: string;
    readonly envelope: string;
  }[];
}

interface VectorTarget {
  readonly length: number;
  readonly sha256: string;
  readonly custom: {
    readonly model_id: string;
    readonly release: number;
    readonly heatpump_models: readonly string[];
    readonly min_daemon: string;
    readonly revoked: boolean;
  };
}

export const grantVectors = readVectors<GrantVectors>("grant-v1-vectors.json");
export const device = createX25519Pair(Buffer.from(grantVectors.device.kemPrivateRawHex, "hex"));

const vectorPlain = plainOf(37);
const vectorFile = sealPlain(vectorPlain);

/** The state that all grant vectors are judged against. */
export function vectorState(change: Partial<GrantState> = {}): GrantState {
  const { state, device: of, directorKeys } = grantVectors;
  const plain = expectedOf(vectorFile, vectorPlain);
  return {
    now: state.now,
    installationId: state.installationId,
    kid: of.kid,
    helloNonce: Buffer.from(state.helloNonce, "base64"),
    storedSeq: state.storedSeq,
    directorKeys,
    catalogueVersion: state.trustedTargetsVersion,
    heatpumpModels: [state.heatpumpModel],
    daemonVersion: state.daemonVersion,
    highestRelease: (modelId) => state.highestRelease[modelId] ?? 0,
    findTarget(path) {
      const found = state.targets[path];
      if (found === undefined) return undefined;
      const { model_id, release, heatpump_models, min_daemon, revoked } = found.custom;
      return {
        modelId: model_id,
        release,
        length: found.length,
        sha256: found.sha256,
        plainLen: plain.plainLen,
        plainSha256: plain.plainSha256,
        heatpumpModels: heatpump_models,
        minDaemon: min_daemon,
        revoked,
      };
    },
    ...change,
  };
}

/** Goes through all steps as a daemon does; resolves with the plaintext or the step that refused. */
export async function openPushed(
  envelope: string,
  state: GrantState = vectorState(),
  file: Uint8Array = vectorFile,
): Promise<{ readonly plain: Buffer } | { readonly step: string }> {
  const checked = checkGrant(envelope, state);
  if ("step" in checked) return checked;
  const { grant, target }: CheckedGrant = checked;
  const key = await openGrant(grant, device);
  return key === undefined ? { step: "open" } : openModel(file, key, target);
}
