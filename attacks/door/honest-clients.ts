/**
 * Honest clients: each has its certificate, one open stream, and asks now and then, over the stream
 * and beside it. What they wait, and every refusal, is noted.
 */

import { setMaxListeners } from "node:events";
import { createSecureContext } from "node:tls";
import { credentials, Metadata } from "@grpc/grpc-js";
import { parseUuid } from "#core/uuid.js";
import { CommunityServiceClient } from "#proto/heatpool/community/v1/community_service.js";
import { hello, type Talk, talk } from "../../test/support/door.js";
import { CONSENT } from "../../test/support/installation.js";
import type { Shown } from "./attacked-backend.js";

/** What they saw while somebody looked. */
export interface Waited {
  readonly answers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of what was asked after the first two seconds: when limits that fill up are full. */
  readonly steadyP99Ms: number;
}

/** Honest clients, at work until closed. */
export interface HonestClients {
  /** What was refused or broke off since the start, in words. */
  readonly refusals: readonly string[];
  /** Waiting times of all answers that came while `work` went on. */
  during(work: () => Promise<unknown>): Promise<Waited>;
  close(): Promise<void>;
}

/** Each asks as often: a stream's ping, then a call beside it. */
const PERIOD_MS = 400;
const STEADY_AFTER_MS = 2_000;
/** Who waits longer than this was not served. */
const ANSWER_MAX_MS = 20_000;

interface Client {
  readonly stream: Talk;
  readonly community: CommunityServiceClient;
}

export async function startHonestClients(
  backend: { readonly port: number; readonly ca: Buffer },
  all: readonly Shown[],
): Promise<HonestClients> {
  const refusals: string[] = [];
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  let waits: { readonly askedMs: number; readonly ms: number }[] = [];
  const clients = await Promise.all(all.map((shown) => connect(backend, shown)));
  const note = async (
    what: string,
    sinceMs: number,
    ask: () => Promise<unknown>,
  ): Promise<void> => {
    try {
      await ask();
      waits.push({ askedMs: sinceMs, ms: performance.now() - sinceMs });
    } catch (error) {
      if (!stopping.signal.aborted) refusals.push(`${what}: ${String(error)}`);
    }
  };
  const live = async (client: Client, place: number): Promise<void> => {
    const firstMs = startMs + (PERIOD_MS * place) / clients.length;
    for (let turn = 0; !stopping.signal.aborted; turn += 1) {
      const dueMs = firstMs + turn * PERIOD_MS;
      const lateMs = performance.now() - dueMs;
      if (lateMs < 0) await pause(-lateMs, stopping.signal);
      if (stopping.signal.aborted) return;
      // Who still waited for an answer when the next question was due has waited since then.
      const sinceMs = lateMs < 0 ? performance.now() : dueMs;
      if (turn % 2 === 0) await note("ping", sinceMs, () => ping(client.stream, BigInt(turn)));
      else await note("call", sinceMs, () => callBeside(client.community));
    }
  };
  const startMs = performance.now();
  const living = clients.map(live);
  return {
    refusals,
    async during(work) {
      waits = [];
      const steadyMs = performance.now() + STEADY_AFTER_MS;
      await work();
      const all = waits.map(({ ms }) => ms);
      const steady = waits.filter(({ askedMs }) => askedMs >= steadyMs).map(({ ms }) => ms);
      return {
        answers: all.length,
        p50Ms: quantile(all, 0.5),
        p99Ms: quantile(all, 0.99),
        steadyP99Ms: quantile(steady, 0.99),
      };
    },
    async close() {
      stopping.abort();
      for (const { stream, community } of clients) {
        stream.close();
        community.close();
      }
      await Promise.all(living);
    },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

async function connect(
  { port, ca }: { readonly port: number; readonly ca: Buffer },
  { installationId, certificate, key }: Shown,
): Promise<Client> {
  const context = createSecureContext({ ca, cert: certificate, key, minVersion: "TLSv1.3" });
  const secured = credentials.createFromSecureContext(context);
  const stream = talk(port, { credentials: secured });
  const id = Buffer.from(parseUuid(installationId) ?? []);
  stream.say(hello(1, { installationId: id, consentScopes: [...CONSENT.scopes] }));
  const welcome = await stream.hear();
  if (welcome?.$case !== "welcome") throw new Error(`${welcome?.$case} instead of a welcome`);
  // One connection for both, as a daemon has.
  const community = new CommunityServiceClient(`127.0.0.1:${port}`, secured, {
    channelOverride: stream.channel,
  });
  await callBeside(community);
  return { stream, community };
}

async function ping(stream: Talk, nonce: bigint): Promise<void> {
  stream.say({ $case: "ping", value: { nonce } });
  for (;;) {
    const said = await stream.hear();
    if (said?.$case === "pong" && said.value.nonce === nonce) return;
    if (said?.$case === "goodbye") throw new Error("goodbye");
  }
}

function callBeside(community: CommunityServiceClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + ANSWER_MAX_MS;
    community.getPoolStatus({}, new Metadata(), { deadline }, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
