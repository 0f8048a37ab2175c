/** The HTTP listener, where one is configured. */
import { METRICS } from "#core/measurement/metrics.js";
import { openBearerTokens } from "../enrolment/bearer-tokens.js";
import type { HttpBehind, ModelFiles } from "../http/http.js";
import { runHttp } from "../http/server.js";
import { prefixOf } from "../rpc/address-prefix.js";
import type { BackendParts } from "./parts.js";

const REQUEST_ID_BYTES = 8;

/** Nothing is published. */
export const NO_MODELS: ModelFiles = {
  list: () => [],
  find: () => undefined,
  whyNone: () => undefined,
  read: () => Promise.resolve(new Uint8Array()),
};

export async function runWeb(
  parts: BackendParts,
  behind: HttpBehind,
  signal: AbortSignal,
): Promise<void> {
  const { config, places, clock, log, identity, onBug, chance } = parts;
  if (config.http === undefined) return;
  const { host, port, publicPerMinute, trustedProxies } = config.http;
  const { countUnverified } = config.cohort;
  const tokens = openBearerTokens(places.httpTokensFile, clock);
  const onEvent = (event: string, facts: Readonly<Record<string, string | number>>): void =>
    log("debug", event, facts);
  await runHttp(
    {
      ...{ behind, tokens, host, port, identity, clock, prefixOf, trustedProxies },
      ...{ onBug, onEvent },
      metrics: METRICS,
      rules: { countUnverified, publicPerMinute },
      makeRequestId: () => Buffer.from(chance(REQUEST_ID_BYTES)).toString("hex"),
      onListening: (http) =>
        log("info", "backend.http-listening", { port: http, tokens: tokens.count }),
    },
    signal,
  );
}
