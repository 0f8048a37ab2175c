/**
 * Taking models: every grant through all its steps, in their order, one after the other. The first
 * failure ends it, is counted and reported; the model that works stays.
 */
import type { Chance, Clock } from "#core/clock.js";
import { type CheckedGrant, checkGrant, type GrantState } from "#core/envelope/grant-check.js";
import { openGrant } from "#core/envelope/grant-seal.js";
import { createModelOpener } from "#core/envelope/model-open.js";
import { type Refusal, refuse } from "#core/envelope/refusal.js";
import type { Log } from "../host/log.js";
import type { ActiveModel, DeviceKeys, InspectModel, TrustedModels } from "./model.js";
import type { ModelBook } from "./model-book.js";
import type { ModelCache } from "./model-cache.js";
import type { ModelLink, ModelStream } from "./model-link.js";

/** What taking models works with. */
export interface ReceiverParts {
  readonly installationId: string;
  readonly heatpumpModels: readonly string[];
  readonly daemonVersion: string;
  readonly consentVersion: number;
  readonly device: DeviceKeys;
  readonly catalogue: TrustedModels;
  readonly book: ModelBook;
  readonly cache: ModelCache;
  readonly inspect: InspectModel;
  readonly chance: Chance;
  readonly clock: Pick<Clock, "nowMs">;
  /** Greatest of clock, build time and newest signed time; Unix seconds. 0: nobody knows. */
  effectiveNowS(): number;
  /** A director has signed at this time, in Unix seconds. */
  learnTime(atS: number): void;
  /** Whether the installed release of a model is in use; what is not may be granted anew. */
  isInUse(modelId: string): boolean;
  readonly log: Log;
  /** A model was switched. */
  onActive(model: ActiveModel): void;
}

/** Takes models. */
export interface ModelReceiver {
  /** Listens on a new connection; the earlier one is over. */
  attach(link: ModelLink): void;
  /** Nothing more is taken; resolves when the last grant is settled. */
  close(): Promise<void>;
}

const NONCE_BYTES = 32;
/** A backend does not send more grants than models; more than this waiting ends the stream. */
const WAITING_MAX = 256;

export function createModelReceiver(parts: ReceiverParts): ModelReceiver {
  let current: { cancel(): void; settled: () => Promise<void> } | undefined;
  return {
    attach(link) {
      current?.cancel();
      current = listen(parts, link);
    },
    async close() {
      current?.cancel();
      await current?.settled();
    },
  };
}

/** A grant that was good when it came. */
interface GrantInHand extends CheckedGrant {
  readonly envelope: string;
  /** Highest number of a grant that had been taken then. */
  readonly since: number;
}

/** One stream from hello to its end. */
function listen(parts: ReceiverParts, link: ModelLink) {
  const { book, cache, log } = parts;
  const hello = { nonce: Buffer.from(parts.chance(NONCE_BYTES)), kid: parts.device.kid() };
  /** What was granted on this stream and is on its way, by path. */
  const awaited = new Map<string, GrantInHand>();
  /** Number of the last grant that was taken on this stream, by model. */
  const taken = new Map<string, number>();
  let work: Promise<void> = Promise.resolve();
  let waiting = 0;
  let isOver = false;

  const inTurn = (step: () => Promise<void>) => {
    waiting += 1;
    if (waiting > WAITING_MAX) cancel();
    work = work.then(async () => {
      waiting -= 1;
      if (!isOver) await step();
    });
    work = work.catch((fault: unknown) => {
      log("warn", "model.failed", { why: String(fault) });
      cancel();
    });
  };
  function cancel(): void {
    isOver = true;
    stream.cancel();
  }
  function settle(
    modelId: string | undefined,
    release: number,
    refusal: Refusal | undefined,
  ): void {
    if (refusal !== undefined) {
      book.refuse(refusal.step);
      log("warn", "model.refused", { model: modelId, release, ...refusal });
    }
    if (modelId !== undefined) stream.report(modelId, release, refusal?.step ?? "");
  }

  async function take(one: GrantInHand): Promise<void> {
    const { modelId, release } = one.target;
    const refusal = checkAgain(one) ?? (await install(parts, one));
    if (refusal === undefined) taken.set(modelId, one.grant.seq);
    // What is still on its way stays; older releases go.
    const coming = [...awaited.values()].map(({ target }) => target);
    const installed = Object.values(book.memory.installed).flatMap((one) => one?.target ?? []);
    cache.keepOnly([...installed, ...coming]);
    settle(modelId, release, refusal);
  }

  /**
   * While its file came, another grant of the same model may have been taken, the catalogue may have
   * changed and time went by. Grants of other models may have been taken in any order.
   */
  function checkAgain({ envelope, since, target: { modelId } }: GrantInHand): Refusal | undefined {
    const storedSeq = Math.max(since, taken.get(modelId) ?? 0);
    const verdict = checkGrant(envelope, { ...stateOf(parts, hello), storedSeq });
    return "step" in verdict ? refuse(verdict.step, verdict.reason) : undefined;
  }

  async function onGrant(envelope: string): Promise<void> {
    const since = book.memory.seq;
    let verdict = checkGrant(envelope, stateOf(parts, hello));
    if ("step" in verdict && verdict.isCatalogueOld === true) {
      await parts.catalogue.refresh();
      verdict = checkGrant(envelope, stateOf(parts, hello));
    }
    if ("step" in verdict) {
      const { step, reason, grant } = verdict;
      return settle(grant?.targetPath.split("/")[0], grant?.release ?? 0, { step, reason });
    }
    const { grant, target } = verdict;
    parts.learnTime(grant.issuedAt);
    if (cache.has(target)) return take({ grant, target, envelope, since });
    awaited.set(grant.targetPath, { grant, target, envelope, since });
    stream.want(grant.targetPath, resumeAt(cache, target));
  }

  async function onChunk(path: string, offset: number, data: Uint8Array): Promise<void> {
    const one = awaited.get(path);
    if (one === undefined) return cancel();
    const { target } = one;
    if (!cache.add(target, offset, data)) {
      awaited.delete(path);
      return settle(target.modelId, target.release, refuse("file", `a piece at ${offset}`));
    }
    if (cache.missingFrom(target) < target.length) return;
    awaited.delete(path);
    cache.finish(target);
    if (cache.has(target)) return take(one);
    cache.drop(target);
    settle(target.modelId, target.release, refuse("file", "another SHA-256"));
  }

  const stream: ModelStream = link.open(helloOf(parts, hello), {
    onGrant: (envelope) => inTurn(() => onGrant(envelope)),
    onChunk: ({ targetPath, offset, data }) => inTurn(() => onChunk(targetPath, offset, data)),
    onEnd: (why) => {
      isOver = true;
      log("debug", "model.stream-ended", { why });
    },
  });
  return { cancel, settled: () => work };
}

/** Where a download goes on. A file that is all there, and was not taken, begins anew. */
function resumeAt(cache: ModelCache, target: CheckedGrant["target"]): number {
  const from = cache.missingFrom(target);
  if (from < target.length) return from;
  cache.drop(target);
  return 0;
}

/** What is said once per stream. */
interface OwnHello {
  readonly nonce: Uint8Array;
  readonly kid: string;
}

function helloOf(parts: ReceiverParts, { nonce, kid }: OwnHello) {
  const { installationId, heatpumpModels, daemonVersion, consentVersion, book } = parts;
  const { seq, highest, installed } = book.memory;
  return {
    installationId,
    nonce,
    kid,
    lastGrantSeq: seq,
    installed: Object.entries(highest).map(([modelId, release = 0]) => ({
      modelId,
      release,
      grantedUntilS: parts.isInUse(modelId) ? (installed[modelId]?.grantedUntilS ?? 0) : 0,
    })),
    heatpumpModels,
    daemonVersion,
    consentVersion,
  };
}

function stateOf(parts: ReceiverParts, { nonce, kid }: OwnHello): GrantState {
  const { catalogue, book } = parts;
  return {
    now: parts.effectiveNowS(),
    installationId: parts.installationId,
    kid,
    helloNonce: nonce,
    storedSeq: book.memory.seq,
    directorKeys: catalogue.directorKeys,
    catalogueVersion: catalogue.version,
    findTarget: catalogue.findTarget,
    highestRelease: (modelId) => book.memory.highest[modelId] ?? 0,
    heatpumpModels: parts.heatpumpModels,
    daemonVersion: parts.daemonVersion,
  };
}

/** Steps 12 to 17. What was refused stays unused; its bytes are the catalogue's all the same. */
async function install(
  parts: ReceiverParts,
  { grant, target, envelope }: GrantInHand,
): Promise<Refusal | undefined> {
  const opened = await openCached(parts, grant, target);
  if ("step" in opened) return opened;
  const { plain } = opened;
  const wrong = parts.inspect(target, plain);
  if (wrong !== undefined) return wrong;
  const installedAtMs = parts.clock.nowMs();
  const model = { target, grant: envelope, grantedUntilS: grant.notAfter, installedAtMs };
  parts.book.install(target.modelId, model, grant.seq);
  parts.log("info", "model.installed", { model: target.modelId, release: target.release });
  parts.onActive({ target, plain, grantedUntilS: grant.notAfter });
  return undefined;
}

/** Opens a file of the cache in memory. */
export async function openCached(
  { device, cache }: Pick<ReceiverParts, "device" | "cache">,
  grant: CheckedGrant["grant"],
  target: CheckedGrant["target"],
): Promise<{ readonly plain: Buffer } | Refusal> {
  const pair = device.find(grant.kid);
  const cek = pair === undefined ? undefined : await openGrant(grant, pair);
  if (cek === undefined) return refuse("open", "not sealed to this device");
  const opener = createModelOpener(cek, target);
  for (const piece of cache.pieces(target)) if (!opener.push(piece)) break;
  const opened = opener.finish();
  cek.fill(0);
  return opened;
}
