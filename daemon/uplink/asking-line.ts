/**
 * The one connection on which this process asks the main listener: for metadata, about consent, the
 * community, the owner's data. It is there while anybody asks, and closed with the last question.
 *
 * So a daemon has two connections at most, this one and the one that delivers, which is what a backend
 * grants an installation: of a third it closes the oldest. Questions do not go on the delivering
 * connection: that may be dead for hours before it matters, and a question wants an answer.
 */
import type { Channel } from "@grpc/grpc-js";

/** The connection, for one question or several. */
export interface AskingLease {
  readonly channel: Channel;
  /** Done. Twice is once. */
  close(): void;
}

/** Shares the connection. */
export interface AskingLine {
  /**
   * @param name to whom and as whom; another one, such as a renewed certificate, gets a connection of
   *   its own, and the one before ends with its last question
   */
  borrow(name: string, open: () => Channel): AskingLease;
}

export function createAskingLine(): AskingLine {
  let present: { readonly name: string; readonly channel: Channel; users: number } | undefined;
  return {
    borrow(name, open) {
      if (present?.name !== name) present = { name, channel: open(), users: 0 };
      const mine = present;
      let isDone = false;
      mine.users += 1;
      return {
        channel: mine.channel,
        close() {
          if (isDone) return;
          isDone = true;
          mine.users -= 1;
          if (mine.users > 0) return;
          if (present === mine) present = undefined;
          mine.channel.close();
        },
      };
    },
  };
}
