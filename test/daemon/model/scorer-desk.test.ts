/** Questions about alarms and models as lines, there and back: at stake is asking for the wrong one. */
import { describe, expect, it } from "vitest";
import {
  parseScorerQuestion,
  type ScorerAsk,
  scorerQuestion,
} from "../../../daemon/model/scorer-desk.js";

const ASKS: readonly ScorerAsk[] = [
  { action: "alarms" },
  { action: "answer", id: 12, answer: "fine" },
  { action: "explain" },
  { action: "explain", deviceId: "heat-pump-2" },
  { action: "relearn" },
  { action: "reset", deviceId: "a" },
  { action: "rollback" },
  { action: "changed" },
  { action: "serviced", deviceId: "a" },
];

describe("a question to the scorer", () => {
  it.each(ASKS)("$action comes back as it was asked", (ask) => {
    expect(parseScorerQuestion(scorerQuestion(ask))).toEqual(ask);
  });

  it.each([
    "GET /scorer/answer/1/fine",
    "POST /scorer/answer/1/maybe",
    "POST /scorer/answer/x/fine",
    "GET /scorer/reset/a",
    "POST /scorer/explain",
    "GET /scorer/alarms/1",
    "GET /status",
    "POST /scorer/reset/../../etc",
  ])("%s is none", (question) => {
    expect(parseScorerQuestion(question)).toBeUndefined();
  });
});
