/**
 * Erasure as the owner's wish: durable before anything is done, and carried out in this order,
 * however often the power goes: sharing ends and the queue is wiped; the backend erases what it
 * holds and gives a receipt; the rest of this machine's state goes, the keys with it.
 *
 * Without a network the first step happens at once and the others later, so the keys stay until
 * the backend has answered.
 */
import { createUniform } from "#core/backoff.js";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Log } from "../host/log.js";
import { checkReceipt, type KeptReceipt, type PrivacyPort } from "./privacy.js";

/** A small durable file. */
interface WishFile {
  read(): string | undefined;
  write(text: string): void;
  remove(): void;
}

/** How this installation is known to the backend. */
interface OwnIdentity {
  readonly installationId: string;
  /** PEM of certificate and issuer; `undefined`: not enrolled. */
  chain(): string | undefined;
}

/** What erasure works with. */
export interface ErasureDeps {
  /** Holds the wish, and how far it came. */
  readonly wish: WishFile;
  /** Keeps the receipt; it outlives everything else. */
  readonly receipt: Pick<WishFile, "read" | "write">;
  /** Left out: the backend knows nobody by a certificate, or there is none. */
  readonly identity: OwnIdentity | undefined;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Ends sharing and wipes the queue. Twice is once. */
  endSharing(): Promise<void>;
  connect<T>(work: (port: PrivacyPort) => Promise<T>): Promise<T>;
  /** A new certificate, for one that expired. */
  renew(): Promise<void>;
}

/** Where a wish stands. */
export type ErasureState =
  | { readonly status: "none" }
  /** The backend has not answered yet. */
  | { readonly status: "waiting"; readonly why: string }
  /** All that is left is to wipe this machine. `receipt` left out: nothing was held by certificate. */
  | { readonly status: "erased"; readonly receipt?: KeptReceipt };

/** Carries out the wish. */
export interface Erasure {
  state(): ErasureState;
  /** Durable when it returns. */
  begin(): void;
  /** One attempt. Two at once are one. Never throws what a later attempt may mend. */
  attempt(): Promise<ErasureState>;
  /** Attempts until the backend has answered, or `signal` fires. */
  run(signal: AbortSignal): Promise<ErasureState>;
  /** Somebody wished: `run` looks again. */
  wake(): void;
}

/** What a wish says, as a line. */
const WISHED = "wished";
export const ANSWERED = "answered";
const LOOK_MS = 3_600_000;
/** While the backend is away. */
const SOON_MS = 60_000;
/** Where it refuses. */
const RETRY_MS = 30 * 60_000;

export function createErasure(deps: ErasureDeps): Erasure {
  const { wish, clock, log } = deps;
  const random = createUniform(deps.chance);
  let why = "";
  let attempting: Promise<ErasureState> | undefined;
  let nap = new AbortController();

  const state = (): ErasureState => {
    const word = wish.read()?.trim();
    if (word === undefined) return { status: "none" };
    if (word !== ANSWERED) return { status: "waiting", why };
    const receipt = parseKept(deps.receipt.read());
    return receipt === undefined ? { status: "erased" } : { status: "erased", receipt };
  };
  const carryOut = async (): Promise<ErasureState> => {
    if (state().status !== "waiting") return state();
    await deps.endSharing();
    try {
      const receipt = await askBackend(deps);
      if (receipt !== undefined) deps.receipt.write(`${JSON.stringify(receipt, null, 2)}\n`);
      wish.write(`${ANSWERED}\n`);
      log("info", "privacy.erased", { batches: receipt?.record.batches ?? 0 });
    } catch (error) {
      if (!(error instanceof HeatpoolError)) throw error;
      why = `${error.code}: ${error.message}`;
      log("warn", "privacy.erasure-waits", { why });
    }
    return state();
  };
  const attempt = (): Promise<ErasureState> => {
    attempting ??= carryOut().finally(() => {
      attempting = undefined;
    });
    return attempting;
  };
  return {
    state,
    begin() {
      if (wish.read() === undefined) wish.write(`${WISHED}\n`);
    },
    attempt,
    async run(signal) {
      while (!signal.aborted) {
        if (state().status === "waiting") await attempt();
        const now = state();
        if (now.status === "erased") return now;
        const isAway = why.startsWith("UNAVAILABLE");
        const pause =
          now.status === "none" ? LOOK_MS : (isAway ? SOON_MS : RETRY_MS) * (1 + random());
        await clock.sleep(pause, AbortSignal.any([signal, nap.signal]));
        if (nap.signal.aborted) nap = new AbortController();
      }
      return state();
    },
    wake: () => nap.abort(),
  };
}

/** What was erased stays erased, also where its receipt cannot be read any more. */
function parseKept(text: string | undefined): KeptReceipt | undefined {
  try {
    const kept = JSON.parse(text ?? "null") as Partial<KeptReceipt> | null;
    return kept?.record === undefined ? undefined : (kept as KeptReceipt);
  } catch {
    return undefined;
  }
}

/** `undefined`: nothing is held by a certificate. An expired one is renewed once. */
async function askBackend(deps: ErasureDeps): Promise<KeptReceipt | undefined> {
  const { identity, connect, renew } = deps;
  const chain = identity?.chain();
  if (identity === undefined || chain === undefined) return undefined;
  const { installationId } = identity;
  const ask = () => connect((port) => port.erase(installationId));
  try {
    return checkReceipt(await ask(), installationId, chain);
  } catch (error) {
    if (!(error instanceof HeatpoolError) || error.code !== "UNAUTHENTICATED") throw error;
    await renew();
    return checkReceipt(await ask(), installationId, identity.chain() ?? chain);
  }
}
