/**
 * Publishing: a candidate is sealed once, kept with its content key, and handed to the catalogue.
 *
 * A release number is used once, also when the process dies in between. What training returns is
 * not judged here; whether a candidate may be published was decided before.
 */
import { checkRelease } from "#core/catalogue/release.js";
import type { Chance, Clock } from "#core/clock.js";
import { sha256 } from "#core/envelope/key-derivation.js";
import { openModel } from "#core/envelope/model-open.js";
import { sealModel } from "#core/envelope/model-seal.js";
import { HeatpoolError } from "#core/errors.js";
import type { ReleaseFacts, ReleaseStore } from "./release-store.js";

/** A trained model that may be published. */
export interface Candidate {
  readonly modelId: string;
  /** Content: schema-checked JSON or tables, never code. */
  readonly plain: Uint8Array;
  readonly heatpumpModels: readonly string[];
  readonly schema: string;
  readonly minDaemon: string;
  readonly kInstallations: number;
  readonly trainedAtMs: number;
}

/** The catalogue, as far as publishing needs it. */
export interface CatalogueEntries {
  /** Enters a release, or changes whether it is revoked. */
  propose(facts: ReleaseFacts): Promise<"published" | "waiting">;
}

/** What publishing works with. */
export interface PublishParts {
  readonly store: ReleaseStore;
  readonly catalogue: CatalogueEntries;
  readonly clock: Pick<Clock, "nowMs">;
  readonly chance: Chance;
}

/** A release and whether the catalogue lists it already. */
export interface Published {
  readonly facts: ReleaseFacts;
  /** `waiting`: until the workstation has signed. */
  readonly catalogue: "published" | "waiting";
}

/** Publishes and takes back. */
export interface Publishing {
  /** @throws HeatpoolError `INVALID_ARGUMENT` what no daemon would take */
  publish(candidate: Candidate): Promise<Published>;
  /** Nobody is given this release any more. @throws HeatpoolError `NOT_FOUND` */
  revoke(modelId: string, release: number): Promise<Published>;
  /**
   * Publishes the content of an earlier release again, as a new one: releases never go back.
   *
   * @throws HeatpoolError `NOT_FOUND`
   */
  rollBack(modelId: string, toRelease: number): Promise<Published>;
}

const CEK_BYTES = 32;
const FILE_ID_BYTES = 16;

export function createPublishing({ store, catalogue, clock, chance }: PublishParts): Publishing {
  /** One at a time: two publications must not choose the same number. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };

  async function publish(candidate: Candidate): Promise<Published> {
    const { plain, ...said } = candidate;
    const release = (await highest(store, candidate.modelId)) + 1;
    const cek = Buffer.from(chance(CEK_BYTES));
    const secrets = { cek, fileId: chance(FILE_ID_BYTES) };
    const file = sealModel({ modelId: said.modelId, release, codec: "gzip", plain }, secrets);
    const facts: ReleaseFacts = {
      ...said,
      release,
      length: file.length,
      sha256: sha256(file).toString("hex"),
      plainSha256: sha256(plain).toString("hex"),
      plainLen: plain.length,
      revoked: false,
    };
    // Listed, it would keep every other release from being signed.
    checkRelease(facts);
    // What we cannot open ourselves must never be listed.
    if (!("plain" in openModel(file, cek, facts)))
      throw new HeatpoolError("ENVELOPE_INVALID", `${said.modelId}/${release} does not open`);
    await store.add(facts, file, cek);
    cek.fill(0);
    return { facts, catalogue: await catalogue.propose(facts) };
  }

  return {
    publish: (candidate) => inTurn(() => publish(candidate)),
    revoke: (modelId, release) =>
      inTurn(async () => {
        const facts = await store.revoke(modelId, release);
        return { facts, catalogue: await catalogue.propose(facts) };
      }),
    rollBack: (modelId, toRelease) =>
      inTurn(async () => {
        const known = await store.list();
        const of = known.find((one) => one.modelId === modelId && one.release === toRelease);
        if (of === undefined)
          throw new HeatpoolError("NOT_FOUND", `no release ${toRelease} of ${modelId}`);
        const file = await store.file(modelId, toRelease);
        const opened = openModel(file, await store.cek(modelId, toRelease), of);
        if (!("plain" in opened))
          throw new HeatpoolError("STATE_INVALID", `${modelId}/${toRelease}: ${opened.reason}`);
        const { heatpumpModels, schema, minDaemon, kInstallations } = of;
        const trainedAtMs = Math.min(of.trainedAtMs, clock.nowMs());
        const said = { modelId, heatpumpModels, schema, minDaemon, kInstallations, trainedAtMs };
        return publish({ ...said, plain: opened.plain });
      }),
  };
}

async function highest(store: ReleaseStore, modelId: string): Promise<number> {
  const known = await store.list();
  return Math.max(0, ...known.filter((one) => one.modelId === modelId).map((one) => one.release));
}
