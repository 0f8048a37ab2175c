/**
 * Pushing: who is connected, who is owed which release, and the way it takes.
 *
 * A grant is made for each push anew, after asking whether the installation may have models, also
 * on a stream that is open for long; it is renewed while they contribute, and for those who do not
 * it just ends. A file is sent only to who was granted it, from the byte they miss, and not to more
 * than a few at once. Memory does not grow with the number of daemons: all read from one buffer.
 */

/** One model of an installation, as its daemon says. */
export interface InstalledRelease {
  readonly modelId: string;
  /** Highest release that was ever taken. */
  readonly release: number;
  /** Unix seconds; 0: it has no grant. */
  readonly grantedUntilS: number;
}

/** A daemon that listens for models. */
export interface Listener {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  /** 32 random bytes of this stream. */
  readonly nonce: Uint8Array;
  /** SHA-256 of its device key, lower-case hex. */
  readonly kid: string;
  readonly lastGrantSeq: number;
  readonly installed: readonly InstalledRelease[];
  readonly heatpumpModels: readonly string[];
  readonly daemonVersion: string;
  readonly consentVersion: number;
}

/** What is said to a daemon. */
export type PushMessage =
  | { readonly kind: "grant"; readonly envelope: string }
  | {
      readonly kind: "chunk";
      readonly targetPath: string;
      readonly offset: number;
      readonly data: Buffer;
    };

/** What became of a grant. */
export interface PushReport {
  readonly modelId: string;
  readonly release: number;
  /** Empty: it is installed. */
  readonly failedStep: string;
}

/** One open stream. */
export interface PushSession {
  /** What is to be said, to whoever writes it; ends after `close`. Iterated once. */
  messages(): AsyncGenerator<PushMessage, void, undefined>;
  /** Asks for a granted file. @throws HeatpoolError `PERMISSION_DENIED` · `INVALID_ARGUMENT` */
  want(targetPath: string, offset: number): void;
  report(report: PushReport): void;
  close(): void;
}

/** How often a release is installed, and where it was refused. */
export interface Spread {
  readonly modelId: string;
  readonly release: number;
  readonly installations: number;
  /** Refusals by step. */
  readonly refused: Readonly<Record<string, number>>;
}

/** The room. */
export interface Push {
  open(listener: Listener): PushSession;
  /** Looks again at what every listener is owed, e.g. because a release was published. */
  refresh(): void;
  /** Looks again by itself, for renewals, until `signal`. */
  run(signal: AbortSignal): Promise<void>;
  /** As far as daemons told since this process began. */
  spread(): readonly Spread[];
  /** Forgets what an erased installation told. */
  forget(installationId: string): void;
  /** Open streams. */
  readonly listeners: number;
}
