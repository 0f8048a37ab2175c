/** What commands of the owner may ask of the running daemon, and what the daemon answers. */
import type { Clock } from "#core/clock.js";
import { answerDeadLetters } from "../backlog/dead-letter-desk.js";
import { encodeRecords } from "../history/record-frames.js";
import type { Control } from "../local/control-socket.js";
import { answerScorer, parseScorerQuestion } from "../model/scorer-desk.js";
import type { Erasure, ErasureState } from "../privacy/erasure.js";
import { askCommunity } from "./ask-community.js";
import { describeDaemon } from "./describe.js";
import { enrolInstallation } from "./enrol-installation.js";
import { reportBacklog } from "./open-backlog.js";
import { answerHistory } from "./open-history.js";
import { exportEverything, renewRecoveryCode } from "./open-privacy.js";
import type { Rooms } from "./rooms.js";

/** A person who erases is told after this time how it stands. */
const ERASE_PATIENCE_MS = 20_000;

export function createControl(rooms: Rooms): Control {
  const { parts, state, self, sharing, scorer, history, erasure } = rooms;
  return {
    status: () => describeDaemon(rooms),
    ...(scorer !== undefined && {
      scorer: { parse: parseScorerQuestion, answer: (ask) => answerScorer(scorer, ask) },
    }),
    backlog: async () => ({
      backlog: sharing.queue === undefined ? undefined : await reportBacklog(sharing.queue),
    }),
    community: () => askCommunity(parts),
    async enrol(wish) {
      const done = await enrolInstallation(parts.config, parts, wish);
      self.kept?.keeper.wake();
      return done;
    },
    erase: () => eraseSoon(erasure, parts.clock),
    recoveryCode: async () => ({ recoveryCode: await renewRecoveryCode(parts) }),
    ownData: () =>
      exportEverything(parts, {
        ...{ book: state.book, backlog: sharing.queue, history },
        alarms: scorer?.alarms() ?? [],
      }),
    rejected: async (ask) => ({
      rejected:
        sharing.queue === undefined ? undefined : await answerDeadLetters(sharing.queue, ask),
    }),
    history: (ask) => (history === undefined ? null : answerHistory(history, ask)),
    historyRecords: () => history && encodeRecords(history.records()),
    async consentChanged() {
      await rooms.consentChanged();
      return { consent: sharing.state.status };
    },
  };
}

/** The owner's command is told what there is within its patience; the rest goes on without it. */
async function eraseSoon(erasure: Erasure, clock: Clock): Promise<ErasureState> {
  erasure.begin();
  const done = new AbortController();
  const attempt = erasure.attempt();
  const found = await Promise.race([attempt, clock.sleep(ERASE_PATIENCE_MS, done.signal)]);
  done.abort();
  erasure.wake();
  return found ?? erasure.state();
}
