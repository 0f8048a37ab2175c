/**
 * Who may ask. A page on a Pi is reached by every page that the owner's browser has open, so:
 *
 * - a foreign `Host` is refused, which ends DNS rebinding: a name that an attacker points at us is
 *   not one of ours, and an address cannot be pointed anywhere;
 * - nothing is allowed to other origins, and a change needs a header with a token that other
 *   origins cannot read, which ends request forgery; there are no cookies to ride on;
 * - with a token file every question needs that token, and guesses are limited.
 *
 * Source: Jackson et al., Protecting Browsers from DNS Rebinding Attacks, ACM CCS 2007; Fetch
 * standard, `Sec-Fetch-Site`.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "#core/clock.js";

/** Name of the header that carries a token. */
export const TOKEN_HEADER = "x-heatpool-token";

/** Wrong tokens that an address may send within the window. */
const GUESSES_MAX = 5;
const GUESS_WINDOW_MS = 60_000;
/** Addresses that are remembered; beyond them the oldest is forgotten. */
const ADDRESSES_MAX = 256;

/** What of a request matters here. */
export interface Asked {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` */
  readonly site: string | undefined;
  readonly token: string | undefined;
  readonly address: string;
}

/** Why not, or `undefined`. */
export type Refusal =
  | { readonly status: 401 | 403; readonly why: string }
  | { readonly status: 429; readonly why: string; readonly retryAfterSeconds: number };

/** Judges requests. */
export interface Guard {
  /** Judges the Host alone, for the page's files. */
  mayLoad(host: string | undefined): Refusal | undefined;
  /** Judges Host, origin and, where one is needed, the owner's token. */
  mayAsk(asked: Asked): Refusal | undefined;
  /** Judges a change as well. */
  mayChange(asked: Asked): Refusal | undefined;
}

/**
 * @param token the owner's, where a token file is configured
 * @param changeToken of this run, for the page that could read it
 */
export function createGuard(deps: {
  readonly hostNames: readonly string[];
  readonly token: string | undefined;
  readonly changeToken: string;
  readonly clock: Clock;
}): Guard {
  const { token, changeToken, clock } = deps;
  const isOurs = createHostCheck(deps.hostNames);
  const guesses = createGuesses(clock);
  const mayLoad = (host: string | undefined) =>
    host !== undefined && isOurs(host) ? undefined : no("this Host is not served here");
  const mayAsk = (asked: Asked): Refusal | undefined => {
    const refusal = mayLoad(asked.host);
    if (refusal !== undefined) return refusal;
    if (isForeign(asked)) return no("other origins may not ask");
    return token === undefined ? undefined : judgeToken(asked, [token], guesses);
  };
  return {
    mayLoad,
    mayAsk,
    mayChange: (asked) =>
      mayAsk(asked) ??
      // With a token file the owner's token has been judged; without one, the page's is.
      (token === undefined ? judgeToken(asked, [changeToken], guesses) : undefined),
  };
}

function no(why: string): Refusal {
  return { status: 403, why };
}

/** Whether a `Host` names us: loopback, any address, or one of the owner's names. */
function createHostCheck(hostNames: readonly string[]): (host: string) => boolean {
  const names = new Set(["localhost", ...hostNames.map((name) => name.toLowerCase())]);
  return (host) => {
    const [, bracketed, plain] =
      /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host) ?? [];
    if (bracketed !== undefined) return isIP(bracketed) === 6;
    return plain !== undefined && (isIP(plain) === 4 || names.has(plain.toLowerCase()));
  };
}

function isForeign({ host, origin, site }: Asked): boolean {
  // `none`: the person typed the address.
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

function judgeToken(
  asked: Asked,
  rights: readonly string[],
  guesses: Guesses,
): Refusal | undefined {
  const waitMs = guesses.waitMs(asked.address);
  if (waitMs > 0) {
    const retryAfterSeconds = Math.ceil(waitMs / 1000);
    return { status: 429, why: "too many wrong tokens", retryAfterSeconds };
  }
  const { token } = asked;
  if (token === undefined) return { status: 401, why: "needs a token" };
  if (rights.some((right) => isSame(token, right))) return undefined;
  guesses.count(asked.address);
  return { status: 403, why: "wrong token" };
}

/** Compares without telling by its time how much is right. */
function isSame(left: string, right: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(left), hash(right));
}

interface Guesses {
  waitMs(address: string): number;
  count(address: string): void;
}

function createGuesses(clock: Clock): Guesses {
  const wrong = new Map<string, { sinceMs: number; count: number }>();
  const current = (address: string) => {
    const one = wrong.get(address);
    if (one === undefined || clock.monotonicMs() - one.sinceMs >= GUESS_WINDOW_MS) return undefined;
    return one;
  };
  return {
    waitMs(address) {
      const one = current(address);
      if (one === undefined || one.count < GUESSES_MAX) return 0;
      return one.sinceMs + GUESS_WINDOW_MS - clock.monotonicMs();
    },
    count(address) {
      const one = current(address) ?? { sinceMs: clock.monotonicMs(), count: 0 };
      one.count++;
      wrong.delete(address);
      wrong.set(address, one);
      const [oldest] = wrong.keys();
      if (wrong.size > ADDRESSES_MAX && oldest !== undefined) wrong.delete(oldest);
    },
  };
}
