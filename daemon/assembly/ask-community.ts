/** Questions to the backend about the community. */
import { HeatpoolError } from "#core/errors.js";
import { quantityWords } from "../local/quantity-words.js";
import type { CommunityClient } from "../uplink/community-client.js";
import { hasIdentity, toOwnEndpoint } from "./backend-ways.js";
import { heatpumpModelOf } from "./device-streams.js";
import { type IdentityParts, openIdentity } from "./open-identity.js";
import type { DaemonParts } from "./parts.js";
import { openState } from "./state-files.js";

/** What the community says. @throws HeatpoolError `CONFIG_INVALID` · what the backend says */
export async function askCommunity(
  parts: IdentityParts & Pick<DaemonParts, "config" | "devices">,
): Promise<unknown> {
  const id = openState(parts.config, parts.clock, "").installationId.read()?.trim();
  return await withCommunity(parts, async (client, models) => ({
    pool: await client.poolStatus(),
    models: await Promise.all(
      models.map(async (model) => ({
        model,
        eligibility: id === undefined ? undefined : await client.eligibility(id, model),
        averages: await client.averages(model, []),
      })),
    ),
    standing: id === undefined ? undefined : withWords(await client.standing(id)),
  }));
}

/** Ranks with what they are called. */
function withWords(standing: Awaited<ReturnType<CommunityClient["standing"]>>) {
  if (standing === undefined) return undefined;
  const ranks = standing.ranks.map((one) => ({ ...one, label: quantityWords(one.quantity) }));
  return { ...standing, ranks };
}

/** Whether this installation may have models of any of its heat pumps. */
export async function askEligible(parts: DaemonParts, installationId: string): Promise<boolean> {
  return await withCommunity(parts, async (client, models) => {
    const answers = models.map((model) => client.eligibility(installationId, model));
    return (await Promise.all(answers)).some((one) => one.isEligible);
  });
}

/** A conversation with the backend about the community, for as long as `ask` takes. */
async function withCommunity<T>(
  parts: IdentityParts & Pick<DaemonParts, "config" | "devices">,
  ask: (client: CommunityClient, models: readonly string[]) => Promise<T>,
): Promise<T> {
  const { config, devices } = parts;
  if (config.backend === undefined) {
    throw new HeatpoolError("CONFIG_INVALID", "no backend is configured", {
      hint: "Add the part `backend` to the configuration.",
    });
  }
  const { connectCommunity } = await import("../uplink/community-client.js");
  const identity = hasIdentity(config) ? openIdentity(config, parts).identity() : undefined;
  const client = connectCommunity(toOwnEndpoint(config.backend, identity), parts.line);
  const models = [...new Set(devices.map(heatpumpModelOf))];
  try {
    return await ask(client, models);
  } finally {
    client.close();
  }
}
