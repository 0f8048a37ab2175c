/**
 * Consent: what may leave the house, and who agreed to what, when.
 *
 * The default is no. Nothing is queued for sharing and nobody is called before the owner agreed to
 * the present version of the text. Withdrawing works offline: a marker is durable before anything
 * else happens, and as long as it is there everything else counts as withdrawn; it goes when the
 * queue is wiped. Every decision stays in the history as proof.
 */
import type { Clock } from "#core/clock.js";
import {
  type ConsentRecord,
  type Locale,
  SCOPES,
  type Scope,
} from "#core/enrolment/consent-record.js";
import { HeatpoolError } from "#core/errors.js";
import { CONSENT_TEXT_ID, CONSENT_VERSION, consentTextSha256 } from "./consent-text.js";

/** One decision of the owner. */
type ConsentEvent =
  | ({ readonly action: "granted" } & ConsentRecord)
  | { readonly action: "withdrawn"; readonly time: string; readonly daemon_version: string };

/** Where it stands. Only `granted` lets anything out. */
export type ConsentState =
  | { readonly status: "missing" }
  /** `pending`: what was queued may not be wiped yet. */
  | { readonly status: "withdrawn"; readonly pending: boolean }
  /** The text has changed since; sending pauses until the owner agrees again. */
  | { readonly status: "outdated"; readonly record: ConsentRecord }
  | { readonly status: "granted"; readonly record: ConsentRecord };

/** A small durable file. */
export interface ConsentFile {
  readonly path: string;
  read(): string | undefined;
  write(text: string): void;
  remove(): void;
}

/** Reads and takes decisions; every call looks at the disk, because two processes decide. */
export interface ConsentBook {
  /** @throws HeatpoolError `STATE_INVALID` when the record cannot be read */
  state(): ConsentState;
  history(): readonly ConsentEvent[];
  /** @throws HeatpoolError `STATE_INVALID` while a withdrawal is not finished */
  grant(choice: { locale: Locale; scopes: readonly Scope[] }): ConsentRecord;
  /** Durable when it returns; `finishWithdrawal` follows when the queue is wiped. */
  withdraw(): void;
  /** Whether a withdrawal waits for the queue to be wiped. Cheap. */
  isWithdrawing(): boolean;
  finishWithdrawal(): void;
}

/** Format of the file. */
const FORMAT = 1;

export function openConsentBook(deps: {
  file: ConsentFile;
  marker: ConsentFile;
  clock: Clock;
  daemonVersion: string;
}): ConsentBook {
  const { file, marker, clock, daemonVersion } = deps;
  const time = () => new Date(clock.nowMs()).toISOString();
  const append = (event: ConsentEvent) => {
    const history = [...parseHistory(file), event];
    file.write(`${JSON.stringify({ format: FORMAT, history }, null, 2)}\n`);
  };
  const book: ConsentBook = {
    state() {
      if (book.isWithdrawing()) return { status: "withdrawn", pending: true };
      const last = parseHistory(file).at(-1);
      if (last === undefined) return { status: "missing" };
      if (last.action === "withdrawn") return { status: "withdrawn", pending: false };
      const { action: _, ...record } = last;
      const isPresent = record.version === CONSENT_VERSION && record.text_id === CONSENT_TEXT_ID;
      return { status: isPresent ? "granted" : "outdated", record };
    },
    history: () => parseHistory(file),
    grant({ locale, scopes }) {
      if (book.isWithdrawing()) {
        throw new HeatpoolError("STATE_INVALID", "a withdrawal is not finished", {
          hint: "Run `heatpool consent withdraw` again; it finishes the wiping.",
        });
      }
      const record: ConsentRecord = {
        text_id: CONSENT_TEXT_ID,
        version: CONSENT_VERSION,
        text_sha256: consentTextSha256(locale),
        locale,
        time: time(),
        daemon_version: daemonVersion,
        // Nothing else has a meaning without data.
        scopes: SCOPES.filter((scope) => scope === "telemetry" || scopes.includes(scope)),
      };
      append({ action: "granted", ...record });
      return record;
    },
    withdraw: () => marker.write(`${time()}\n`),
    isWithdrawing: () => marker.read() !== undefined,
    finishWithdrawal() {
      const withdrawnAt = marker.read();
      if (withdrawnAt === undefined) return;
      if (parseHistory(file).at(-1)?.action !== "withdrawn") {
        const event = { time: withdrawnAt.trim(), daemon_version: daemonVersion };
        append({ action: "withdrawn", ...event });
      }
      marker.remove();
    },
  };
  return book;
}

function parseHistory(file: ConsentFile): readonly ConsentEvent[] {
  const text = file.read();
  if (text === undefined) return [];
  let isNewer = false;
  try {
    const { format, history } = JSON.parse(text) as { format: unknown; history: unknown };
    if (format === FORMAT && Array.isArray(history) && history.every(isEvent)) return history;
    isNewer = typeof format === "number" && format > FORMAT;
  } catch {
    // Told below: not even JSON.
  }
  const what = isNewer ? "of a newer version of heatpool" : "not a record of consent";
  throw new HeatpoolError("STATE_INVALID", `${file.path}: ${what}`, {
    hint:
      `Nothing is sent. ${isNewer ? "Install that version again" : "Put back a copy of the file"}, ` +
      "or remove it and decide again: `heatpool consent grant` or `heatpool consent withdraw`.",
  });
}

function isEvent(value: unknown): value is ConsentEvent {
  if (typeof value !== "object" || value === null) return false;
  const event = value as Record<string, unknown>;
  if (typeof event.time !== "string") return false;
  if (event.action === "withdrawn") return true;
  return (
    event.action === "granted" &&
    typeof event.version === "number" &&
    typeof event.text_id === "string" &&
    typeof event.text_sha256 === "string" &&
    Array.isArray(event.scopes) &&
    event.scopes.includes("telemetry")
  );
}
