/**
 * The stream on which models come: the port between the rules of taking a model and a network.
 * `daemon/uplink` keeps it beside Deliver, on the same connection.
 */

/** What is said first. */
export interface ModelHello {
  readonly installationId: string;
  /** 32 random bytes of this stream. */
  readonly nonce: Uint8Array;
  /** Lower-case hex. */
  readonly kid: string;
  readonly lastGrantSeq: number;
  readonly installed: readonly {
    readonly modelId: string;
    readonly release: number;
    readonly grantedUntilS: number;
  }[];
  readonly heatpumpModels: readonly string[];
  readonly daemonVersion: string;
  readonly consentVersion: number;
}

/** What a stream tells, in order; nothing after `onEnd`. */
export interface ModelListener {
  onGrant(envelope: string): void;
  onChunk(chunk: { targetPath: string; offset: number; data: Uint8Array }): void;
  /** Exactly once. */
  onEnd(why: string): void;
}

/** An open stream. */
export interface ModelStream {
  want(targetPath: string, offset: number): void;
  /** @param failedStep empty: it is installed */
  report(modelId: string, release: number, failedStep: string): void;
  cancel(): void;
}

/** Opens streams, as long as the connection lives. */
export interface ModelLink {
  open(hello: ModelHello, listener: ModelListener): ModelStream;
}
