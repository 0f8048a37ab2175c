/**
 * Snapshots of a device that is heard: whatever is live when the poll comes. It asks nothing and
 * publishes nothing.
 *
 * When the broker goes, everything heard is forgotten: what changed meanwhile was missed. Payloads
 * are never logged; those of topics outside the profile are never even heard.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { MqttProfile } from "#core/profile/mqtt-profile.js";
import { type PointOutcome, readingsOfPoints } from "#core/profile/mqtt-readings.js";
import { planTopics, type TopicParameters } from "#core/profile/mqtt-topics.js";
import type { FeedFigures, TopicFeed } from "../device/topic-feed.js";
import type { SnapshotSource } from "./snapshot-source.js";
import { createTopicBoard } from "./topic-board.js";

/** What a source needs. */
export interface TopicSourceDeps {
  readonly deviceId: string;
  readonly profile: MqttProfile;
  readonly parameters: TopicParameters;
  readonly feed: TopicFeed;
  readonly clock: Clock;
  readonly patience: Patience;
}

/** How long a poll waits for values after the connection was made. */
export interface Patience {
  readonly waitMs: number;
  /** `first`: until anything is live; `all`: until every metric is. */
  readonly until: "first" | "all";
}

/** What the source has heard. */
export interface TopicSourceStatus {
  readonly feed: FeedFigures;
  readonly topics: number;
  readonly live: number;
  /** Known only from what the broker kept: shown, never sampled. */
  readonly retainedOnly: number;
}

/** A source over topics. */
export interface TopicSource extends SnapshotSource {
  status(): TopicSourceStatus;
}

/** How often a waiting poll looks. */
const LOOK_MS = 250;

/** A source that owns `feed`: closing it closes the feed. */
export function createTopicSource(deps: TopicSourceDeps): TopicSource {
  const { deviceId, profile, feed, clock, patience } = deps;
  const plan = planTopics(profile, deps.parameters);
  const board = createTopicBoard(profile, plan);
  /** Whether this connection has had the time to say something. */
  let hasWaited = false;
  const listener = {
    message: (topic: string, text: string, isRetained: boolean) =>
      board.accept(topic, text, isRetained, clock.monotonicMs()),
    lost() {
      hasWaited = false;
      board.forget();
    },
  };

  function isEnough(outcomes: ReadonlyMap<string, PointOutcome>): boolean {
    const isLive = (id: string) => outcomes.get(id)?.value !== undefined;
    if (patience.until === "first") return [...outcomes.keys()].some(isLive);
    return [...profile.candidates.values()].every((ids) => ids.some(isLive));
  }

  async function wait(signal: AbortSignal): Promise<void> {
    const endMs = clock.monotonicMs() + patience.waitMs;
    while (!signal.aborted && feed.figures().isConnected) {
      const nowMs = clock.monotonicMs();
      if (nowMs >= endMs || isEnough(board.outcomes(nowMs))) break;
      await clock.sleep(LOOK_MS, signal);
    }
    hasWaited = true;
  }

  function silent(): HeatpoolError {
    const { retainedCount } = board;
    const kept = retainedCount === 0 ? "" : `; ${retainedCount} values were kept by the broker`;
    const what = `nothing live on ${plan.topics.length} topics of ${profile.name}${kept}`;
    return new HeatpoolError("DEVICE_TIMEOUT", what, {
      hint:
        retainedCount === 0
          ? "Check the parameters of the device, whether the gateway publishes, and whether the " +
            "broker lets this user read: some brokers grant a forbidden subscription and stay silent."
          : "Kept values have no time and are not used; wait until the gateway sends new ones.",
    });
  }

  return {
    deviceId,
    async take(signal): Promise<Snapshot> {
      feed.start(plan.topics, listener);
      await feed.ready(signal);
      if (!hasWaited) await wait(signal);
      if (signal.aborted) throw new HeatpoolError("DEVICE_CLOSED", "the poll was stopped");
      const atMs = clock.monotonicMs();
      const why = board.lifeless(atMs);
      if (why !== undefined) throw new HeatpoolError("DEVICE_UNREACHABLE", why);
      const outcomes = board.outcomes(atMs);
      const isLive = [...outcomes.values()].some((one) => "exact" in one);
      if (!isLive) throw silent();
      return {
        deviceId,
        takenAtMs: clock.nowMs(),
        monotonicMs: atMs,
        clockSynced: clock.isSynced(),
        readings: readingsOfPoints(profile, outcomes),
      };
    },
    close: () => feed.close(),
    status: () => ({
      feed: feed.figures(),
      topics: plan.topics.length,
      live: board.liveCount,
      retainedOnly: board.retainedCount,
    }),
  };
}
