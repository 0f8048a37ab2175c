/** What commands may ask of the scorer, as one question and one answer. */
import { type Alarm, type AlarmAnswer, ANSWERS } from "./alarm.js";
import type { ExplainedModelPart, ScoredDevice, Scorer } from "./scorer.js";

/** A question. */
export type ScorerAsk =
  | { readonly action: "alarms" }
  | { readonly action: "answer"; readonly id: number; readonly answer: AlarmAnswer }
  | {
      readonly action: "explain" | "relearn" | "reset" | "rollback" | "changed" | "serviced";
      readonly deviceId?: string;
    };

/** What is said to it. */
export interface ScorerAnswer {
  readonly alarms?: readonly Alarm[];
  readonly devices?: readonly ScoredDevice[];
  readonly parts?: readonly {
    readonly deviceId: string;
    readonly parts: readonly ExplainedModelPart[];
  }[];
}

/** What is done to a device, or noted of it. */
const CHANGES = ["relearn", "reset", "rollback", "changed", "serviced"] as const;
const PATH = /^(GET|POST) \/scorer\/([a-z]+)(?:\/([a-z0-9-]{1,32}))?(?:\/([a-z]+))?$/;

/** The question as a request line. */
export function scorerQuestion(ask: ScorerAsk): `${"GET" | "POST"} /scorer/${string}` {
  if (ask.action === "alarms") return "GET /scorer/alarms";
  if (ask.action === "answer") return `POST /scorer/answer/${ask.id}/${ask.answer}`;
  const method = ask.action === "explain" ? "GET" : "POST";
  return `${method} /scorer/${ask.action}${ask.deviceId === undefined ? "" : `/${ask.deviceId}`}`;
}

/** @returns `undefined`: it is none */
export function parseScorerQuestion(question: string): ScorerAsk | undefined {
  const [, method, action, word, last] = PATH.exec(question) ?? [];
  if (action === "alarms" && method === "GET" && word === undefined) return { action };
  if (action === "answer" && method === "POST" && word !== undefined) {
    const answer = ANSWERS.find((one) => one === last);
    const id = Number(word);
    return answer !== undefined && Number.isSafeInteger(id) ? { action, id, answer } : undefined;
  }
  if (last !== undefined) return undefined;
  const device = word === undefined ? {} : { deviceId: word };
  if (action === "explain" && method === "GET") return { action, ...device };
  if (method !== "POST") return undefined;
  const asked = CHANGES.find((one) => one === action);
  return asked === undefined ? undefined : { action: asked, ...device };
}

/** Answers; without a device a question is about all of them. */
export async function answerScorer(scorer: Scorer, ask: ScorerAsk): Promise<ScorerAnswer> {
  if (ask.action === "alarms") return { alarms: scorer.alarms(), devices: scorer.devices() };
  if (ask.action === "answer") return { alarms: [scorer.answer(ask.id, ask.answer)] };
  const all = scorer.devices().map(({ deviceId }) => deviceId);
  const wanted = ask.deviceId === undefined ? all : [ask.deviceId];
  if (ask.action === "explain") {
    const parts = wanted.map((deviceId) => ({ deviceId, parts: scorer.explain(deviceId) }));
    return { devices: scorer.devices(), parts };
  }
  for (const deviceId of wanted) {
    if (ask.action === "relearn") await scorer.relearn(deviceId);
    if (ask.action === "reset") await scorer.reset(deviceId);
    if (ask.action === "rollback") scorer.rollBack(deviceId);
    if (ask.action === "changed" || ask.action === "serviced") scorer.note(deviceId, ask.action);
  }
  return { devices: scorer.devices() };
}
