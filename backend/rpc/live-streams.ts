/**
 * Who is connected: at most one stream per installation.
 *
 * A second stream of one installation is either the same daemon, whose first connection broke
 * without a word, or a copied card. The first is asked for a sign of life before it is given up.
 */
import { HeatpoolError } from "#core/errors.js";

/** One stream, as the others see it. */
export interface LiveStream {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  readonly bootId: string;
  /** Whether the other end of the connection answers. */
  isAlive(): Promise<boolean>;
  /** Ends the stream because a newer one takes its place. */
  supersede(): void;
  /** Ends the stream: its installation may not speak any more. */
  expel(error: HeatpoolError): void;
  /** Asks the daemon for a new key. */
  askToRenew(): void;
  /** Why the stream's identity counts no more; `undefined`: it does. */
  identityFault(): HeatpoolError | undefined;
  /** Ends the stream after what is in hand. @param reconnectAfterMs when to come back */
  sayGoodbye(reason: string, reconnectAfterMs: number): void;
}

/** The streams of this process. */
export interface LiveStreams {
  readonly count: number;
  /**
   * Takes the place of an earlier stream once that has left. Resolves with the way to leave.
   *
   * @throws HeatpoolError `SUPERSEDED` the earlier one lives · `UNAVAILABLE` the backend is ending
   */
  enter(stream: LiveStream): Promise<() => void>;
  /** Ends an installation's stream. Resolves when it has left. */
  expel(installationId: string, error: HeatpoolError): Promise<void>;
  /** Ends every stream whose identity counts no more. */
  sweep(): void;
  /** Says goodbye to all and lets nobody in any more. Resolves when the last has left. */
  close(reconnectSpreadMs: number): Promise<void>;
}

/** Multiples of the golden section, modulo 1, lie evenly however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** @param onClone learns of an installation that is connected twice */
export function createLiveStreams(onClone: (installationId: string) => void): LiveStreams {
  const seats = new Map<string, { stream: LiveStream; left: Promise<void> }>();
  let isClosing = false;

  return {
    get count() {
      return seats.size;
    },
    async enter(stream) {
      const { installationId } = stream;
      for (let seat = seats.get(installationId); seat; seat = seats.get(installationId)) {
        if (await isOther(seat.stream, stream)) {
          onClone(installationId);
          seat.stream.askToRenew();
          throw new HeatpoolError("SUPERSEDED", "this installation is connected already");
        }
        seat.stream.supersede();
        await seat.left;
      }
      if (isClosing) throw new HeatpoolError("UNAVAILABLE", "the backend is shutting down");
      const { promise: left, resolve } = newDeferred();
      seats.set(installationId, { stream, left });
      return () => {
        seats.delete(installationId);
        resolve();
      };
    },
    async expel(installationId, error) {
      const seat = seats.get(installationId);
      seat?.stream.expel(error);
      await seat?.left;
    },
    sweep() {
      for (const { stream } of seats.values()) {
        const fault = stream.identityFault();
        if (fault !== undefined) stream.expel(fault);
      }
    },
    async close(reconnectSpreadMs) {
      isClosing = true;
      const all = [...seats.values()];
      for (const [place, { stream }] of all.entries()) {
        const offset = spread(place) * reconnectSpreadMs;
        stream.sayGoodbye("shutdown", Math.max(1, Math.round(offset)));
      }
      await Promise.all(all.map(({ left }) => left));
    },
  };
}

/** The `place`-th of offsets in [0, 1) that lie evenly however many there are. */
export function spread(place: number): number {
  return (place * GOLDEN) % 1;
}

/** Whether `earlier` is another daemon than `later`. One boot of one machine is one daemon. */
async function isOther(earlier: LiveStream, later: LiveStream): Promise<boolean> {
  return earlier.bootId !== later.bootId && (await earlier.isAlive());
}

function newDeferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
