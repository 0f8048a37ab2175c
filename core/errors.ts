/**
 * Every error code of both programs, in one table.
 *
 * An error says what happened with which values; its hint is a sentence for the person who has to
 * do something about it. Retrying is decided where it happens, by `retryable`.
 */

/** Per code: may the same attempt succeed later, and what does the process exit with? */
const CODES = {
  USAGE: { retryable: false, exit: 64 },
  CONFIG_INVALID: { retryable: false, exit: 78 },
  PROFILE_INVALID: { retryable: false, exit: 78 },
  PROFILE_UNKNOWN: { retryable: false, exit: 78 },
  PROFILE_MISMATCH: { retryable: false, exit: 1 },
  STATE_INVALID: { retryable: false, exit: 78 },
  CERTIFICATE_INVALID: { retryable: false, exit: 78 },
  ENVELOPE_INVALID: { retryable: false, exit: 1 },
  DEVICE_UNREACHABLE: { retryable: true, exit: 1 },
  DEVICE_TIMEOUT: { retryable: true, exit: 1 },
  DEVICE_CLOSED: { retryable: true, exit: 1 },
  DEVICE_BUSY: { retryable: true, exit: 1 },
  DEVICE_REFUSED: { retryable: false, exit: 1 },
  DEVICE_VIOLATION: { retryable: true, exit: 1 },
  BACKLOG_LOCKED: { retryable: true, exit: 1 },
  BACKLOG_DAMAGED: { retryable: false, exit: 1 },
  BACKLOG_FAILED: { retryable: true, exit: 1 },
  BATCH_MALFORMED: { retryable: false, exit: 1 },
  BATCH_TOO_LARGE: { retryable: false, exit: 1 },
  DIGEST_MISMATCH: { retryable: false, exit: 1 },
  BATCH_GAP: { retryable: true, exit: 1 },
  CHAIN_LOST: { retryable: true, exit: 1 },
  BATCH_FORKED: { retryable: false, exit: 1 },
  SUPERSEDED: { retryable: true, exit: 1 },
  CONSENT_MISSING: { retryable: false, exit: 1 },
  UNAUTHENTICATED: { retryable: false, exit: 77 },
  PERMISSION_DENIED: { retryable: false, exit: 77 },
  UNAVAILABLE: { retryable: true, exit: 1 },
  PROTOCOL: { retryable: false, exit: 1 },
  RATE_LIMITED: { retryable: true, exit: 1 },
  TOO_SOON: { retryable: true, exit: 1 },
  INVALID_ARGUMENT: { retryable: false, exit: 64 },
  NOT_FOUND: { retryable: false, exit: 1 },
  // As a shell says of what Ctrl-C ended.
  INTERRUPTED: { retryable: true, exit: 130 },
  CATALOGUE_REFUSED: { retryable: true, exit: 1 },
  STORE_LOCKED: { retryable: true, exit: 1 },
  STORE_DAMAGED: { retryable: false, exit: 1 },
  STORE_FAILED: { retryable: true, exit: 1 },
} as const;

/** One of the codes in the table above, e.g. `"DEVICE_TIMEOUT"`. */
export type ErrorCode = keyof typeof CODES;

/** Whether a text from elsewhere is one of the codes. */
export function isErrorCode(text: string | undefined): text is ErrorCode {
  return text !== undefined && Object.hasOwn(CODES, text);
}

/** The one error class thrown across a room's door; everything else is a bug. */
export class HeatpoolError extends Error {
  override readonly name = "HeatpoolError";
  readonly code: ErrorCode;
  /** What the operator can do about it, as a full sentence. */
  readonly hint: string | undefined;

  /** @param message what happened, with the values that matter (`holding 1014+2: no answer`) */
  constructor(code: ErrorCode, message: string, more: { hint?: string; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
  }

  /** Whether repeating the same attempt later can succeed. */
  get retryable(): boolean {
    return CODES[this.code].retryable;
  }

  /** Exit status of a process that ends because of this error. */
  get exitStatus(): number {
    return CODES[this.code].exit;
  }
}

/** Where a refusal for the rate says no time. */
const RETRY_DEFAULT_MS = 60_000;

/** How long to wait, where the error is a refusal for the rate: its cause says `retryAfterMs`. */
export function retryDelayMs(error: unknown): number | undefined {
  if (!(error instanceof HeatpoolError) || error.code !== "RATE_LIMITED") return undefined;
  const { cause } = error;
  const said = cause !== null && typeof cause === "object" && "retryAfterMs" in cause;
  const delayMs = said ? cause.retryAfterMs : undefined;
  return typeof delayMs === "number" && delayMs > 0 ? delayMs : RETRY_DEFAULT_MS;
}

/** What the machine answers to a user who may not, and to one for whom there is no room. */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
  EROFS: "PERMISSION_DENIED",
  ENOSPC: "STORE_FAILED",
  EDQUOT: "STORE_FAILED",
};

/** An error of the machine that is no bug of ours, for whoever started the program. */
export function toRefusal(error: unknown): HeatpoolError | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const code = REFUSALS[String(error.code)];
  if (code === undefined) return undefined;
  const hint =
    code === "PERMISSION_DENIED"
      ? "Run this as root or as the user of the service."
      : "Make room on the disk, then try again.";
  return new HeatpoolError(code, error.message, { cause: error, hint });
}
