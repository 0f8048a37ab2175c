/** The push room: sessions, their grants, and the files on their way. */
import type { Clock } from "#core/clock.js";
import type { DirectorSigner } from "#core/envelope/dsse.js";
import { sealGrant } from "#core/envelope/grant-seal.js";
import { kidOf, type X25519Pair } from "#core/envelope/key-agreement.js";
import { targetPathOf } from "#core/envelope/model-header.js";
import { HeatpoolError } from "#core/errors.js";
import type { ReleaseFacts, ReleaseStore } from "../publish/release-store.js";
import { decideOwed, GRANT_LIFE_S } from "./decide-owed.js";
import type { Listener, Push, PushMessage, PushReport, PushSession } from "./push.js";
import { createSharedFiles, type SharedFile, type SharedFiles } from "./shared-files.js";
import { createSpreadBook, type SpreadBook } from "./spread-book.js";
import { createTurnstile, type Turnstile } from "./turnstile.js";

/** What the catalogue lists, from memory. */
export interface Listed {
  /** Of the targets metadata. */
  readonly version: number;
  readonly releases: readonly ReleaseFacts[];
}

/** What pushing works with. */
export interface PushParts {
  readonly store: Pick<ReleaseStore, "file" | "cek">;
  listed(): Listed;
  /** Whether an installation may have models, asked for each push. */
  isEligible(installationId: string): boolean;
  /** SPKI of its device key; `undefined`: none is known. */
  deviceKey(installationId: string): Uint8Array | undefined;
  readonly sign: DirectorSigner;
  /** A release is installed there, as its daemon says; told again with every connection. */
  onInstalled?(installationId: string, modelId: string, release: number): void;
  /** What was installed there by its last word, by model id; left out: nobody keeps it. */
  recorded?(installationId: string): Readonly<Record<string, number>> | undefined;
  /** A fresh X25519 key pair. */
  newPair(): X25519Pair;
  readonly clock: Clock;
  onEvent(event: string, installationId: string, facts: Record<string, string | number>): void;
}

/** Files on their way at once. */
const TRANSFERS_MAX = 16;
/** A daemon that does not take a chunk for this long loses its turn. */
const STALL_MAX_MS = 30_000;
/** How often renewals are looked for. */
const LOOK_MS = 3_600_000;
/** Grants and wishes that wait for one daemon. */
const WAITING_MAX = 128;

interface Room {
  readonly parts: PushParts;
  readonly files: SharedFiles;
  readonly turnstile: Turnstile;
  readonly book: SpreadBook;
}

export function createPush(parts: PushParts): Push {
  const room: Room = {
    parts,
    files: createSharedFiles(),
    turnstile: createTurnstile(TRANSFERS_MAX),
    book: createSpreadBook(),
  };
  /** One stream of each: a newer one takes the place of one that broke without a word. */
  const sessions = new Map<string, Session>();
  const refresh = () => {
    for (const session of sessions.values()) session.look();
  };
  return {
    open(listener) {
      const { installationId } = listener;
      sessions.get(installationId)?.close();
      const session = openSession(room, listener, () => {
        if (sessions.get(installationId) === session) sessions.delete(installationId);
      });
      sessions.set(installationId, session);
      return session;
    },
    refresh,
    noteChange(installationId) {
      const session = sessions.get(installationId);
      if (session?.isBarred === true) session.look();
    },
    async run(signal) {
      while (!signal.aborted) {
        await parts.clock.sleep(LOOK_MS, signal);
        if (!signal.aborted) refresh();
      }
    },
    spread: room.book.spread,
    forget: room.book.forget,
    get listeners() {
      return sessions.size;
    },
  };
}

/** Steps at which a grant is refused and its file is not: another grant may be taken. */
const ABOUT_THE_GRANT = ["size", "signature", "schema", "recipient", "sequence", "nonce"];
const ABOUT_THE_MOMENT = ["validity", "catalogue"];
const ANOTHER_GRANT_HELPS = new Set([...ABOUT_THE_GRANT, ...ABOUT_THE_MOMENT]);

interface Session extends PushSession {
  /** Whether it was not eligible at the last look. */
  readonly isBarred: boolean;
  /** Looks at what is owed. */
  look(): void;
}

/** What is to be done for a daemon, in order. */
type Task =
  | { readonly kind: "look" }
  | { readonly kind: "send"; readonly release: ReleaseFacts; readonly offset: number };

function openSession(room: Room, listener: Listener, onClose: () => void): Session {
  const { parts, book } = room;
  const tasks: Task[] = [{ kind: "look" }];
  const granted = new Map<string, { release: ReleaseFacts; untilS: number }>();
  /** Paths whose last grant was refused for a reason that passes. */
  const refusedForNow = new Set<string>();
  let seq = listener.lastGrantSeq;
  let isClosed = false;
  let isBarred = false;
  let wake = () => {};
  const noteInstalled = (modelId: string, release: number) => {
    const { installationId } = listener;
    book.installed(installationId, modelId, release);
    const isListed = parts
      .listed()
      .releases.some((one) => one.modelId === modelId && one.release === release);
    if (isListed) parts.onInstalled?.(installationId, modelId, release);
  };
  tellBehind(parts, listener);
  for (const { modelId, release } of listener.installed) noteInstalled(modelId, release);

  const isOver = () => isClosed || !parts.isEligible(listener.installationId);
  const add = (task: Task) => {
    tasks.push(task);
    wake();
  };

  /** What the daemon has by now: what it said, and what it was granted on this stream. */
  function owed(): readonly ReleaseFacts[] {
    const { releases } = parts.listed();
    const since = [...granted].flatMap(([path, { release, untilS }]) =>
      refusedForNow.has(path)
        ? []
        : { modelId: release.modelId, release: release.release, grantedUntilS: untilS },
    );
    const before = listener.installed.filter(
      (one) => !since.some(({ modelId }) => modelId === one.modelId),
    );
    const { heatpumpModels, daemonVersion } = listener;
    const nowS = Math.floor(parts.clock.nowMs() / 1000);
    return decideOwed({
      nowS,
      heatpumpModels,
      daemonVersion,
      installed: [...before, ...since],
      releases,
    });
  }

  async function* grants(): AsyncGenerator<PushMessage, void, undefined> {
    const { installationId } = listener;
    const kemSpki = parts.deviceKey(installationId);
    isBarred = listener.consentVersion < 1 || !parts.isEligible(installationId);
    if (isBarred) return;
    // Without a key, or with one that was replaced since, nothing could be opened.
    if (kemSpki === undefined || kidOf(kemSpki) !== listener.kid) return;
    for (const release of owed()) {
      const issuedAt = Math.floor(parts.clock.nowMs() / 1000);
      const notAfter = issuedAt + GRANT_LIFE_S;
      // Milliseconds rise by themselves, also over a restart of this process.
      seq = Math.max(seq + 1, parts.clock.nowMs());
      const targetPath = targetPathOf(release.modelId, release.release);
      const cek = await parts.store.cek(release.modelId, release.release).catch(ifMissing);
      if (cek === undefined) {
        // Listed and not there, e.g. after a restore: the others are given all the same.
        parts.onEvent("push.missing", installationId, { targetPath });
        continue;
      }
      const envelope = await sealGrant(
        {
          installationId,
          kemSpki,
          cek,
          targetPath,
          encSha256: release.sha256,
          encLen: release.length,
          release: release.release,
          catalogueVersion: parts.listed().version,
          issuedAt,
          notAfter,
          seq,
          helloNonce: listener.nonce,
        },
        parts.sign,
        parts.newPair(),
      );
      cek.fill(0);
      if (envelope === undefined) continue;
      granted.set(targetPath, { release, untilS: notAfter });
      refusedForNow.delete(targetPath);
      yield { kind: "grant", envelope };
    }
  }

  return {
    get isBarred() {
      return isBarred;
    },
    look: () => {
      if (!tasks.some(({ kind }) => kind === "look")) add({ kind: "look" });
    },
    want(targetPath, offset) {
      const release = granted.get(targetPath)?.release;
      if (release === undefined)
        throw new HeatpoolError(
          "PERMISSION_DENIED",
          `${targetPath} was not granted on this stream`,
        );
      if (offset >= release.length || tasks.length >= WAITING_MAX)
        throw new HeatpoolError("INVALID_ARGUMENT", `${targetPath}: no byte ${offset}`);
      add({ kind: "send", release, offset });
    },
    report(report: PushReport) {
      const { installationId } = listener;
      const { modelId, release, failedStep } = report;
      const targetPath = targetPathOf(modelId, release);
      if (!granted.has(targetPath)) return;
      if (failedStep === "") noteInstalled(modelId, release);
      else book.refused(installationId, modelId, release, failedStep);
      if (ANOTHER_GRANT_HELPS.has(failedStep)) refusedForNow.add(targetPath);
      parts.onEvent("push.reported", installationId, { modelId, release, failedStep });
    },
    async *messages() {
      try {
        while (!isClosed) {
          const task = tasks.shift();
          if (task?.kind === "look") yield* grants();
          else if (task !== undefined) yield* send(room, task, isOver);
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        isClosed = true;
        onClose();
      }
    },
    close() {
      isClosed = true;
      onClose();
      wake();
    },
  };
}

/**
 * A daemon that remembers less than it once had runs from an older image of its card, or a copy of it.
 * The operator hears of it once, because what it says takes the place of what was recorded; it is
 * given the newest release like everybody.
 */
function tellBehind({ recorded, onEvent }: PushParts, listener: Listener): void {
  const { installationId, installed } = listener;
  for (const [modelId, before] of Object.entries(recorded?.(installationId) ?? {})) {
    const release = installed.find((one) => one.modelId === modelId)?.release ?? 0;
    if (release < before) onEvent("push.behind", installationId, { modelId, release, before });
  }
}

/**
 * A file from an offset on, when it is our turn. Who does not take a piece in time gives up its turn
 * and the file, so that no two of them can keep all others waiting; it waits again when it goes on.
 */
async function* send(
  room: Room,
  { release, offset }: Extract<Task, { kind: "send" }>,
  isOver: () => boolean,
): AsyncGenerator<PushMessage, void, undefined> {
  const targetPath = targetPathOf(release.modelId, release.release);
  let at = offset;
  while (at < release.length && !isOver()) {
    const turn = await takeTurn(room, release);
    const patience = watchStall(room, turn);
    try {
      for (;;) {
        const data = turn.piece(at);
        if (data === undefined || data.length === 0 || isOver()) break;
        const start = at;
        at += data.length;
        patience.giveNow();
        yield { kind: "chunk", targetPath, offset: start, data };
        patience.isTaken();
      }
      // A file that is shorter than it was listed ends here.
      if (turn.piece(at)?.length === 0) return;
    } finally {
      patience.end();
      turn.end();
    }
  }
}

/** A place among the transfers, and the file. */
interface Turn {
  /** Bytes from `at` on; `undefined`: the turn is over. */
  piece(at: number): Buffer | undefined;
  /** Twice is once. */
  end(): void;
}

async function takeTurn({ parts, files, turnstile }: Room, of: ReleaseFacts): Promise<Turn> {
  const { modelId, release } = of;
  const leave = await turnstile.enter();
  try {
    const path = targetPathOf(modelId, release);
    let file: SharedFile | undefined = await files.hold(path, () =>
      parts.store.file(modelId, release),
    );
    return {
      piece: (at) => file?.piece(at),
      end() {
        file?.release();
        file = undefined;
        leave();
      },
    };
  } catch (error) {
    leave();
    throw error;
  }
}

/** How long it takes until a piece is taken. */
interface Patience {
  giveNow(): void;
  isTaken(): void;
  end(): void;
}

/** Ends the turn of who does not take a piece in time. One timer for all pieces of a turn. */
function watchStall({ parts: { clock } }: Room, turn: Turn): Patience {
  const over = new AbortController();
  let givenMs: number | undefined;
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const sinceMs = givenMs === undefined ? 0 : clock.monotonicMs() - givenMs;
      if (sinceMs >= STALL_MAX_MS) return turn.end();
      await clock.sleep(STALL_MAX_MS - sinceMs, over.signal);
    }
  };
  void watch();
  return {
    giveNow() {
      givenMs = clock.monotonicMs();
    },
    isTaken() {
      givenMs = undefined;
    },
    end: () => over.abort(),
  };
}

function ifMissing(error: unknown): undefined {
  if (error instanceof HeatpoolError && error.code === "NOT_FOUND") return undefined;
  throw error;
}
