/**
 * Streams on which models go out, as far as they may have to end: whoever may not speak any more
 * does not hear any more either.
 */
import type { HeatpoolError } from "#core/errors.js";

/** One stream, as the others see it. */
export interface ModelStream {
  readonly installationId: string;
  /** Ends the stream, also one whose other end does not read. @param error left out: in order */
  end(error?: HeatpoolError): void;
  /** Why its identity counts no more; `undefined`: it does. */
  identityFault(): HeatpoolError | undefined;
}

/** The streams of this process. */
export interface ModelStreams {
  readonly count: number;
  /** Returns the way to leave. An earlier stream of the installation ends. */
  enter(stream: ModelStream): () => void;
  /** Ends an installation's stream. */
  expel(installationId: string, error: HeatpoolError): void;
  /** Ends every stream whose identity counts no more. */
  sweep(): void;
  /** Ends all; who comes later is ended at once. */
  close(): void;
}

export function createModelStreams(): ModelStreams {
  const streams = new Map<string, ModelStream>();
  let isClosing = false;
  return {
    get count() {
      return streams.size;
    },
    enter(stream) {
      const { installationId } = stream;
      streams.get(installationId)?.end();
      streams.set(installationId, stream);
      if (isClosing) stream.end();
      return () => {
        if (streams.get(installationId) === stream) streams.delete(installationId);
      };
    },
    expel: (installationId, error) => streams.get(installationId)?.end(error),
    sweep() {
      for (const stream of streams.values()) {
        const fault = stream.identityFault();
        if (fault !== undefined) stream.end(fault);
      }
    },
    close() {
      isClosing = true;
      for (const stream of [...streams.values()]) stream.end();
    },
  };
}
