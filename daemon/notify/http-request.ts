/**
 * One POST to a service of the owner's choice: bounded in time by the caller's signal, redirects
 * refused, and what the other side says never believed to be short.
 */
import { HeatpoolError } from "#core/errors.js";

/** What is sent. */
export interface HttpPost {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** What may stand in errors; the address may hold a token. */
  readonly service: string;
}

/** Answers that may be others later. */
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

/** @throws HeatpoolError `UNAVAILABLE` may work later · `PERMISSION_DENIED`, `INVALID_ARGUMENT` will not */
export async function post(
  { url, headers, body, service }: HttpPost,
  signal: AbortSignal,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...{ method: "POST", body, signal, redirect: "error" },
      headers: { "user-agent": "heatpool", ...headers },
    });
  } catch (cause) {
    throw new HeatpoolError("UNAVAILABLE", `${service} was not reached: ${reason(cause)}`, {
      cause,
    });
  }
  await response.body?.cancel();
  if (response.ok) return;
  const what = `${service} answered ${response.status}`;
  if (LATER.has(response.status)) throw new HeatpoolError("UNAVAILABLE", what);
  const isRefused = response.status === 401 || response.status === 403;
  throw new HeatpoolError(isRefused ? "PERMISSION_DENIED" : "INVALID_ARGUMENT", what, {
    hint: isRefused ? "Is the token right and not revoked?" : "Is the address right?",
  });
}

/** Never the address: it may hold a token. */
function reason(cause: unknown): string {
  const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
  if (inner instanceof Error && "code" in inner) return String(inner.code);
  return cause instanceof Error ? cause.name : "unknown";
}
