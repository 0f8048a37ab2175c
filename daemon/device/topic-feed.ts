/**
 * What the poll loop knows of a broker: exact topics in, messages out. Nothing here can publish.
 */

/** Takes what arrives; every call returns at once. */
export interface TopicListener {
  /** @param isRetained the broker kept it: it may be of any age */
  message(topic: string, text: string, isRetained: boolean): void;
  /** Messages may be missed from here on; the next `message` comes after a new subscription. */
  lost(): void;
}

/** Figures since the start. */
export interface FeedFigures {
  readonly isConnected: boolean;
  readonly protocol: "5" | "3.1.1" | undefined;
  readonly connections: number;
  readonly messages: number;
  readonly retained: number;
  /** Payloads beyond the limit; they are dropped unread. */
  readonly oversized: number;
  /** Topics that the broker refused to let us hear. */
  readonly refused: number;
}

/** A lasting subscription. It connects again by itself until it is closed. */
export interface TopicFeed {
  /** Begins to listen; a second call changes nothing. */
  start(topics: readonly string[], listener: TopicListener): void;
  /**
   * Resolves while connected and subscribed.
   *
   * @throws HeatpoolError `DEVICE_UNREACHABLE` no broker within the connect time-out ·
   *   `DEVICE_REFUSED` it does not accept user or password · `CONFIG_INVALID` a file that cannot be
   *   read · `DEVICE_CLOSED` aborted
   */
  ready(signal: AbortSignal): Promise<void>;
  figures(): FeedFigures;
  close(): Promise<void>;
}
