/** What is said about the community and about who may have models. */

import { findMetric } from "#core/measurement/metrics.js";
import type { Community } from "../aggregate/community.js";
import { createCommunity } from "../aggregate/create-community.js";
import { createEfficiency } from "../aggregate/create-efficiency.js";
import type { Config } from "../config.js";
import { decideEligibility, type EligibilityRules } from "../eligibility/decide-eligibility.js";
import { keptFromMs, type RetentionRun } from "../privacy/retention.js";
import { createFacts } from "../registry/facts.js";
import { daysOfProbation } from "../registry/probation.js";
import type { InstallationState } from "../registry/registry.js";
import { createTableFinder } from "../store/table-finder.js";
import type { OpenModels } from "./open-models.js";
import type { Registers } from "./open-registers.js";
import type { BackendParts } from "./parts.js";

export type Statistics = Awaited<ReturnType<typeof openStatistics>>;

/** @param newest the run of retention that was last */
export async function openStatistics(
  parts: BackendParts,
  { store, registry, kept, processes }: Registers,
  models: OpenModels | undefined,
  newest: () => RetentionRun | undefined,
) {
  const { config, clock } = parts;
  const nowMs = (): number => clock.nowMs();
  const rules = toEligibility(config);
  const isVouched = config.enrolment.claimTokens === "required";
  const daysWithData = (state: InstallationState, atMs: number): number =>
    daysOfProbation(state, atMs, isVouched);
  const privacy = {
    cohortMin: config.cohort.installationsMin,
    probationDays: config.cohort.probationDays,
    closedTestPool: config.privacy.closedTestPool,
  };
  const findTable = createTableFinder(store);
  const { rawMonths } = config.retention;
  const efficiency = await createEfficiency({
    ...{ store, registry, daysWithData, privacy, nowMs, findTable },
    keptFromMs: (atMs) => keptFromMs(atMs, rawMonths),
  });
  const community = await createCommunity({
    ...{ store, registry, clock, findMetric, daysWithData, privacy },
    get rollups() {
      return kept.current();
    },
    coldStart: rules.coldStart,
    alsoRelease: efficiency.release,
  });
  const facts = createFacts({
    ...{ store, registry, community, nowMs },
    startedAtMs: clock.nowMs(),
    decide: (known) => decideEligibility(known, rules),
    windowDays: rules.windowDays,
    warnings: async () => [
      ...parts.warnings,
      ...((await models?.catalogue.state())?.warnings ?? []),
    ],
    retention: { months: rawMonths, newest },
  });
  const released: Community = {
    ...community,
    async release() {
      processes.demandLeader();
      const receipt = await community.release();
      await processes.tell("released");
      return receipt;
    },
  };
  return { efficiency, community: released, facts, findTable, reloadReleased: community.reload };
}

function toEligibility({ eligibility }: Config): EligibilityRules {
  const { windowDays, minimumDays, coldStartInstallations, coldStartReadings } = eligibility;
  const coldStart = { installations: coldStartInstallations, readings: coldStartReadings };
  return { windowDays, minimumDays, coldStart };
}
