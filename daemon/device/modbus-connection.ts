/**
 * One TCP connection to a Modbus device: a socket, its guard and the jsmodbus client that lives and
 * dies with it. Whatever goes wrong other than an exception of the device destroys the socket, so
 * that a late answer can never meet a later request.
 */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { DeviceException } from "#core/profile/device-exception.js";
import { describeRange, type RegisterRange, type Space } from "#core/profile/register-range.js";
import { FrameClient } from "./frame-client.js";
import { GuardedSocket } from "./guarded-socket.js";

/** Where the device listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A connection that is up. */
export interface ModbusConnection {
  /** Monotonic time of the last answer, or of the connecting. */
  readonly lastAnswerMs: number;
  /** Whether a request can be sent on it. */
  readonly isUsable: boolean;
  /** Frames that answered nothing. */
  readonly strayFrames: number;
  /** Asks for one range; errors as `RegisterReader.read`. Never call it while one is in flight. */
  request(range: RegisterRange): Promise<readonly number[]>;
  /** Ends it; resolves when the socket is closed. */
  destroy(): Promise<void>;
}

/** How to connect. */
export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly anyUnit: boolean;
  readonly clock: Clock;
  /** The device ended the connection while nothing was asked. */
  readonly onIdleClose: (idleMs: number) => void;
  /** Gives up connecting. */
  readonly signal: AbortSignal;
}

interface LibraryAnswer {
  readonly response: { readonly body: { readonly valuesAsArray: ArrayLike<number | boolean> } };
}
type Ask = (address: number, count: number) => Promise<LibraryAnswer>;

/** @throws HeatpoolError `DEVICE_UNREACHABLE` when nobody accepts within the connect time-out */
export async function openConnection(
  endpoint: Endpoint,
  options: ConnectOptions,
): Promise<ModbusConnection> {
  const { clock } = options;
  const socket = createConnection({ ...endpoint, noDelay: true });
  socket.on("error", () => {}); // 'close' follows and says the same
  const guard = new GuardedSocket(socket, options.anyUnit);
  // Before the socket is connected: a client made later believes to be offline.
  const client = new FrameClient(guard as unknown as Socket, 1, options.timeoutMs);
  await connected(socket, endpoint, options);
  const bySpace: Readonly<Record<Space, Ask>> = {
    coil: (address, count) => client.readCoils(address, count),
    discrete: (address, count) => client.readDiscreteInputs(address, count),
    holding: (address, count) => client.readHoldingRegisters(address, count),
    input: (address, count) => client.readInputRegisters(address, count),
  };
  let lastAnswerMs = clock.monotonicMs();
  let isAsking = false;
  socket.once("close", () => {
    if (!isAsking) options.onIdleClose(clock.monotonicMs() - lastAnswerMs);
  });
  return {
    get lastAnswerMs() {
      return lastAnswerMs;
    },
    get isUsable() {
      return socket.writable && socket.readable && guard.isClean;
    },
    get strayFrames() {
      return guard.strayFrames;
    },
    request(range) {
      guard.unitId = range.unitId;
      isAsking = true;
      return bySpace[range.space](range.address, range.count).then(
        (answer) => {
          isAsking = false;
          lastAnswerMs = clock.monotonicMs();
          return toWords(answer.response.body.valuesAsArray, range.count);
        },
        (cause: unknown) => {
          isAsking = false;
          const error = translate(cause, range, guard, socket);
          if (error instanceof DeviceException) lastAnswerMs = clock.monotonicMs();
          throw error;
        },
      );
    },
    async destroy() {
      isAsking = true; // it is we who close
      socket.destroy();
      if (!socket.closed) await once(socket, "close");
    },
  };
}

async function connected(socket: Socket, endpoint: Endpoint, options: ConnectOptions) {
  const over = new AbortController();
  const giveUp = () => over.abort();
  options.signal.addEventListener("abort", giveUp, { once: true });
  const where = `${endpoint.host}:${endpoint.port}`;
  try {
    await Promise.race([
      once(socket, "connect", { signal: over.signal }),
      options.clock.sleep(options.connectTimeoutMs, over.signal).then(() => {
        if (over.signal.aborted) return;
        throw new Error(`no connection within ${options.connectTimeoutMs} ms`);
      }),
    ]);
  } catch (cause) {
    socket.destroy();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("DEVICE_UNREACHABLE", `${where}: ${why}`, {
      cause,
      hint: "Check the address, that Modbus TCP is switched on in the heat pump, and the network.",
    });
  } finally {
    options.signal.removeEventListener("abort", giveUp);
    over.abort();
  }
}

/** Registers arrive as an array of numbers of the length the guard checked; bits in whole bytes. */
function toWords(values: ArrayLike<number | boolean>, count: number): readonly number[] {
  if (Array.isArray(values) && values.length === count && typeof values[0] === "number") {
    return values;
  }
  return Array.from({ length: count }, (_, index) => Number(values[index]));
}

/** jsmodbus rejects with objects that are not errors; `err` says what happened. */
function translate(
  cause: unknown,
  range: RegisterRange,
  guard: GuardedSocket,
  socket: Socket,
): HeatpoolError {
  const what = describeRange(range);
  const kind = (cause as { err?: unknown }).err;
  if (kind === "ModbusException") return new DeviceException(what, guard.exceptionCode);
  // jsmodbus would take an answer that comes late for the answer to the next request.
  socket.destroy();
  if (guard.broken !== undefined) {
    return new HeatpoolError("DEVICE_VIOLATION", `${what}: ${guard.broken}`);
  }
  if (kind === "Timeout") return new HeatpoolError("DEVICE_TIMEOUT", `${what}: no answer`);
  return new HeatpoolError("DEVICE_CLOSED", `${what}: connection closed by the device`);
}
