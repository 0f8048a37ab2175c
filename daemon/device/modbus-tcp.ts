/**
 * The register reader for Modbus TCP: one endpoint, one socket, one request in flight.
 *
 * Callers wait in one bounded queue, whatever unit they ask. A broken connection is replaced before
 * the next request. A device that closes when idle is normal: reconnected silently, the request
 * repeated once, the time remembered. A busy device is asked again in place.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { DeviceException, isBusyCode } from "#core/profile/device-exception.js";
import { describeRange, type RegisterRange } from "#core/profile/register-range.js";
import { type Endpoint, type ModbusConnection, openConnection } from "./modbus-connection.js";
import type { RegisterReader } from "./register-reader.js";

/** How a device wants to be asked. Read anew for every request, so an endpoint may tighten it. */
export interface LinkRules {
  /** Longest wait for an answer; what comes later is never used. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Shortest time between an answer and the next request. */
  readonly pauseMs: number;
  /** Rest after connecting. */
  readonly pauseAfterConnectMs: number;
  /** The device closes a connection that rests this long; learnt where it is not known. */
  readonly idleLimitMs: number | undefined;
  /** Accept answers of any unit: some gateways answer as unit 0 or 255. */
  readonly anyUnit: boolean;
  /** Exception codes that mean "no such register" here: never retried. */
  readonly absentCodes: readonly number[];
}

/** What the reader counted since it was made. */
export interface ReaderVitals {
  /** Requests sent, repeats included. */
  readonly requests: number;
  /** Connections opened. */
  readonly connects: number;
  /** Connections the device closed while idle; not faults. */
  readonly idleCloses: number;
  /** Answers to requests that were over; dropped. */
  readonly strayFrames: number;
  /** Shortest idle time after which the device was seen to close. */
  readonly idleLimitMs: number | undefined;
  readonly waiting: number;
}

/** The reader and its figures. */
export interface ModbusTcpReader extends RegisterReader {
  vitals(): ReaderVitals;
}

/** Requests that may wait; more means that a caller does not wait for its answers. */
const QUEUE_MAX = 64;
/** A close within this time of the last answer is a fault, not an idle limit. */
const IDLE_CLOSE_MIN_MS = 1000;
/** Waits before a busy device (exceptions 5, 6, 10, 11) is asked again. */
const BUSY_RETRY_MS = [500, 1000] as const;
/** Exception 4, device failure: asked once more, at once. */
const FAILURE_CODE = 4;
/** Source: Modbus Application Protocol V1.1b3, sections 6.1 to 6.4. */
const WORDS_MAX = 125;
const BITS_MAX = 2000;
const ADDRESS_SPACE = 65_536;
const UNIT_MAX = 255;

interface Waiting {
  readonly range: RegisterRange;
  readonly resolve: (words: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A reader of `endpoint`; connects when the first read needs it. */
export function connectModbusTcp(
  endpoint: Endpoint,
  rules: LinkRules,
  clock: Clock,
): ModbusTcpReader {
  const queue: Waiting[] = [];
  const ended = new AbortController();
  let connection: ModbusConnection | undefined;
  let running: Promise<void> | undefined;
  let hangUpWanted = false;
  let idleLimitMs = rules.idleLimitMs;
  let [requests, connects, idleCloses, strayFrames] = [0, 0, 0, 0];

  function noteIdleClose(idleMs: number): void {
    idleCloses++;
    if (idleMs > IDLE_CLOSE_MIN_MS) idleLimitMs = Math.min(idleLimitMs ?? idleMs, idleMs);
  }

  async function drop(): Promise<void> {
    const old = connection;
    connection = undefined;
    strayFrames += old?.strayFrames ?? 0;
    await old?.destroy();
  }

  async function renew(): Promise<ModbusConnection> {
    await drop();
    connects++;
    const { timeoutMs, connectTimeoutMs, anyUnit } = rules;
    connection = await openConnection(endpoint, {
      timeoutMs,
      connectTimeoutMs,
      anyUnit,
      clock,
      onIdleClose: noteIdleClose,
      signal: ended.signal,
    });
    if (rules.pauseAfterConnectMs > 0) await clock.sleep(rules.pauseAfterConnectMs, ended.signal);
    return connection;
  }

  /** The open connection, unless it is gone or idle for longer than the device is known to bear. */
  function usable(): ModbusConnection | undefined {
    if (connection?.isUsable !== true) return undefined;
    const idleMs = clock.monotonicMs() - connection.lastAnswerMs;
    return idleLimitMs !== undefined && idleMs >= idleLimitMs ? undefined : connection;
  }

  /** Until the pause that the device needs is over. */
  async function rest(link: ModbusConnection): Promise<void> {
    const restMs = link.lastAnswerMs + rules.pauseMs - clock.monotonicMs();
    if (restMs > 0) await clock.sleep(restMs, ended.signal);
  }

  /** Whether an error means no more than that the device had closed the idle connection. */
  function isIdleClose(error: unknown, before: ModbusConnection | undefined, idleMs: number) {
    return isClosed(error) && idleMs > IDLE_CLOSE_MIN_MS && connection === before;
  }

  /** One request, with the repeats that are no faults: after an idle close, and while busy. */
  async function exchange(range: RegisterRange): Promise<readonly number[]> {
    let busyRetries = 0;
    for (;;) {
      const before = connection;
      const idleMs = before === undefined ? 0 : clock.monotonicMs() - before.lastAnswerMs;
      try {
        const link = usable() ?? (await renew());
        if (rules.pauseMs > 0) await rest(link);
        if (ended.signal.aborted) throw endedError(range);
        requests++;
        return await link.request(range);
      } catch (error) {
        if (ended.signal.aborted) throw error;
        if (isIdleClose(error, before, idleMs)) {
          noteIdleClose(idleMs); // the next round opens a fresh connection, so it is the last
          continue;
        }
        const waitMs = retryWaitMs(error, busyRetries++, rules.absentCodes);
        if (waitMs === undefined) throw error;
        if (waitMs > 0) await clock.sleep(waitMs, ended.signal);
      }
    }
  }

  async function runQueue(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        next.resolve(await exchange(next.range));
      } catch (error) {
        next.reject(error);
      }
    }
    if (hangUpWanted) await drop();
    hangUpWanted = false;
    running = undefined;
    if (queue.length > 0) running = runQueue(); // arrived while it hung up
  }

  return {
    read(range) {
      const wrong = findRangeFault(range);
      if (wrong !== undefined) return Promise.reject(wrong);
      if (ended.signal.aborted) return Promise.reject(endedError(range));
      if (queue.length >= QUEUE_MAX) {
        const what = `${describeRange(range)}: ${QUEUE_MAX} requests are waiting already`;
        return Promise.reject(new HeatpoolError("RATE_LIMITED", what));
      }
      return new Promise((resolve, reject) => {
        queue.push({ range, resolve, reject });
        running ??= runQueue();
      });
    },
    hangUp() {
      hangUpWanted = true;
      running ??= runQueue();
    },
    async close() {
      ended.abort();
      for (const { range, reject } of queue.splice(0)) reject(endedError(range));
      await drop();
      await running;
      await drop();
    },
    vitals: () => ({
      requests,
      connects,
      idleCloses,
      strayFrames: strayFrames + (connection?.strayFrames ?? 0),
      idleLimitMs,
      waiting: queue.length,
    }),
  };
}

/** How long to wait before asking again; `undefined`: do not. */
function retryWaitMs(
  error: unknown,
  retry: number,
  absentCodes: readonly number[],
): number | undefined {
  if (!(error instanceof DeviceException)) return undefined;
  const code = error.exceptionCode;
  if (absentCodes.includes(code)) return undefined;
  if (code === FAILURE_CODE) return retry === 0 ? 0 : undefined;
  return isBusyCode(code) ? BUSY_RETRY_MS[retry] : undefined;
}

function isClosed(error: unknown): boolean {
  return error instanceof HeatpoolError && error.code === "DEVICE_CLOSED";
}

function endedError(range: RegisterRange): HeatpoolError {
  return new HeatpoolError("DEVICE_CLOSED", `${describeRange(range)}: the reader was closed`);
}

function findRangeFault(range: RegisterRange): HeatpoolError | undefined {
  const isBits = range.space === "coil" || range.space === "discrete";
  const countMax = isBits ? BITS_MAX : WORDS_MAX;
  const isRight =
    isWithin(range.count, 1, countMax) &&
    isWithin(range.address, 0, ADDRESS_SPACE - range.count) &&
    isWithin(range.unitId, 0, UNIT_MAX);
  if (isRight) return undefined;
  const what = `${describeRange(range)}: at most ${countMax} at once, addresses 0 to 65535`;
  return new HeatpoolError("INVALID_ARGUMENT", what);
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
