/**
 * Questions to the daemon. The owner's token stays in this tab; without one, changes carry the token
 * of the daemon's run, which only this origin can read.
 */
import { signal } from "@preact/signals";
import type { Now } from "./answers.js";

const HEADER = "x-heatpool-token";
const STORED = "heatpool.token";
const RETRY_MS = 5_000;

/** `asked`: the daemon wants a token; `refused`: it did not like the one it got. */
export const access = signal<"open" | "asked" | "refused">("open");
/** Whether live values arrive. */
export const isInContact = signal(true);

let ownToken = sessionStorage.getItem(STORED) ?? undefined;

export function enterToken(token: string): void {
  ownToken = token;
  sessionStorage.setItem(STORED, token);
  access.value = "open";
}

async function call(path: string, more: RequestInit = {}): Promise<Response> {
  const headers = new Headers(more.headers);
  if (ownToken !== undefined) headers.set(HEADER, ownToken);
  const answer = await fetch(`api/v1/${path}`, { ...more, headers });
  if (answer.status === 401) access.value = "asked";
  else if (answer.status === 403 || answer.status === 429) access.value = "refused";
  return answer;
}

/** @returns `undefined` when the daemon has no such answer at present */
export async function ask<T>(path: string): Promise<T | undefined> {
  try {
    const answer = await call(path);
    return answer.ok ? ((await answer.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the daemon took the change. */
export async function change(path: string, body: unknown): Promise<boolean> {
  const session = await ask<{ changeToken?: string }>("session");
  const headers = new Headers({ "content-type": "application/json" });
  if (session?.changeToken !== undefined) headers.set(HEADER, session.changeToken);
  const asked = { method: "POST", headers, body: JSON.stringify(body) };
  return (await call(path, asked)).ok;
}

/** Live values, for as long as the page is open. `EventSource` could not send the token. */
export async function listen(onNow: (now: Now) => void): Promise<never> {
  for (;;) {
    try {
      const answer = await call("events");
      if (answer.ok && answer.body !== null) {
        isInContact.value = true;
        await readEvents(answer.body, onNow);
      }
    } catch {
      // The daemon restarts or the network is away: tried again below.
    }
    isInContact.value = access.value !== "open";
    await new Promise((resolve) => {
      setTimeout(resolve, RETRY_MS);
    });
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onNow: (now: Now) => void,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = /^data: ?(.*)$/m.exec(event)?.[1];
      if (data !== undefined) onNow(JSON.parse(data) as Now);
    }
  }
}
