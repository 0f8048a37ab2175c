/** Where an owner is told: an HTTP server that takes what the daemon's webhook sends. */
import { createServer } from "node:http";

/** A notice as it arrived. */
export interface Letter {
  readonly kind: string;
  readonly subject: string;
  readonly severity: string;
  readonly isResolved: boolean;
  readonly title: string;
  readonly body: string;
  /** By the time of the machine. */
  readonly arrivedAtMs: number;
}

/** What one owner got. */
export interface Mailbox {
  readonly url: string;
  readonly letters: readonly Letter[];
  close(): Promise<void>;
}

/** More than any notice. */
const LETTER_CHARS_MAX = 65_536;

export async function openMailbox(nowMs: () => number): Promise<Mailbox> {
  const letters: Letter[] = [];
  const server = createServer((asked, answer) => {
    let text = "";
    asked.setEncoding("utf8");
    asked.on("data", (part: string) => {
      text = (text + part).slice(0, LETTER_CHARS_MAX);
    });
    asked.on("end", () => {
      letters.push({ ...(JSON.parse(text) as Letter), arrivedAtMs: nowMs() });
      answer.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/notices`,
    letters,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
