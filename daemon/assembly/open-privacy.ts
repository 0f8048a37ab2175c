/** The owner's rights over this installation, put together for the daemon and for commands. */
import { join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import type { Config } from "../config.js";
import type { ConsentBook } from "../enrolment/consent.js";
import { renewDevice } from "../enrolment/enrolment.js";
import { openInstallationId } from "../enrolment/installation-id.js";
import type { History } from "../history/history.js";
import type { Log } from "../host/log.js";
import { openStateFile } from "../host/state-file.js";
import type { Alarm } from "../model/alarm.js";
import { createErasure, type Erasure } from "../privacy/erasure.js";
import { exportOwnData, type OwnHistory, type ReadableBacklog } from "../privacy/own-data.js";
import type { PrivacyPort } from "../privacy/privacy.js";
import { RECEIPT_FILE, WISH_FILE } from "../privacy/wipe.js";
import { hasIdentity, toEnrolEndpoint, toOwnEndpoint } from "./backend-ways.js";
import { type IdentityParts, openIdentity, readIdentity } from "./open-identity.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What exports and erasures are made from. */
export interface PrivacyParts extends IdentityParts {
  readonly config: Config;
  readonly log: Log;
}

/** @param endSharing ends sharing and wipes the queue */
export function openErasure(parts: PrivacyParts, endSharing: () => Promise<void>): Erasure {
  const { config, clock, chance, log } = parts;
  const { backend, stateDir } = config;
  const identity = () => openIdentity(config, parts).identity();
  const pathOf = (name: string) => join(stateDir, name);
  return createErasure({
    wish: openStateFile(pathOf(WISH_FILE)),
    receipt: openStateFile(pathOf(RECEIPT_FILE)),
    identity: hasIdentity(config)
      ? {
          get installationId() {
            return openInstallationId(openStateFile(pathOf("installation-id")), chance);
          },
          chain: () => readIdentity(config).present?.certificate,
        }
      : undefined,
    ...{ clock, chance, log, endSharing },
    connect: (work) => withOwnPrivacy(parts, work),
    async renew() {
      if (backend === undefined) return;
      const { withEnrolment } = await import("../uplink/enrolment-client.js");
      await withEnrolment(toEnrolEndpoint(backend), (port) => renewDevice(identity(), port));
    },
  });
}

/** @throws HeatpoolError `CONFIG_INVALID` no backend that knows us by a certificate · what it says */
export async function withOwnPrivacy<T>(
  { config, ...parts }: IdentityParts & { readonly config: Config },
  work: (port: PrivacyPort) => Promise<T>,
): Promise<T> {
  const { backend } = config;
  if (backend === undefined || !hasIdentity(config)) {
    throw new HeatpoolError("CONFIG_INVALID", "no backend knows this machine by a certificate", {
      hint: "Ask the operator, and say the installation id; `heatpool identity show` has it.",
    });
  }
  const { withPrivacy } = await import("../uplink/privacy-client.js");
  const endpoint = toOwnEndpoint(backend, openIdentity(config, parts).identity());
  return await withPrivacy(endpoint, work, parts.line);
}

/** A new recovery code. @throws HeatpoolError `UNAUTHENTICATED` not enrolled · what the backend says */
export function renewRecoveryCode(
  parts: IdentityParts & { readonly config: Config },
): Promise<string> {
  const { installationId } = openIdentity(parts.config, parts).identity();
  return withOwnPrivacy(parts, (port) => port.renewRecoveryCode(installationId));
}

/** What an export reads beside the small files of the state. */
export interface OwnRooms {
  readonly book: ConsentBook;
  /** Left out: nothing waits. */
  readonly backlog: ReadableBacklog | undefined;
  /** Left out: none is kept. */
  readonly history: Pick<History, "rows" | "oldestMs"> | undefined;
  readonly alarms: readonly Alarm[];
}

/** Everything about the owner, as lines. */
export async function* exportEverything(
  parts: PrivacyParts,
  { book, backlog, history, alarms }: OwnRooms,
): AsyncGenerator<Uint8Array> {
  const { config } = parts;
  const file = (name: string) => openStateFile(join(config.stateDir, name));
  const opened = openIdentity(config, parts);
  const { proofs } = readIdentity(config);
  const texts = ["uplink-limits.json", "models.json", RECEIPT_FILE].flatMap((name) => {
    const text = file(name).read();
    return text === undefined ? [] : [{ kind: "file", name, text }];
  });
  const isEnrolled = hasIdentity(config) && opened.describe().enrolled;
  yield* exportOwnData({
    facts: [
      { kind: "installation", ...opened.describe() },
      ...book.history().map((event) => ({ kind: "consent", ...event })),
      ...proofs.map((proof) => ({ kind: "consent-proof", ...proof })),
      ...texts,
    ],
    alarms,
    history: await toOwnHistory(parts, history),
    backlog,
    backend: isEnrolled ? () => readBackend(parts) : undefined,
  });
}

/** All devices that are configured, from the oldest row on. */
async function toOwnHistory(
  { config, clock }: PrivacyParts,
  history: OwnRooms["history"],
): Promise<OwnHistory | undefined> {
  const oldestMs = await history?.oldestMs();
  if (history === undefined || oldestMs === undefined) return undefined;
  return {
    deviceIds: config.devices.map(({ deviceId }) => deviceId),
    // The oldest row is known to the hour, and a clock may have been ahead.
    range: { fromMs: Math.max(HOUR_MS, oldestMs - HOUR_MS), toMs: clock.nowMs() + DAY_MS },
    rows: (of, range) => history.rows(of, range),
  };
}

/** What the backend holds; the connection stays open while it is read. */
async function* readBackend(parts: PrivacyParts): AsyncGenerator<Uint8Array> {
  const { config } = parts;
  const { backend } = config;
  if (backend === undefined) return;
  const { connectPrivacy } = await import("../uplink/privacy-client.js");
  const identity = openIdentity(config, parts).identity();
  const client = connectPrivacy(toOwnEndpoint(backend, identity), parts.line);
  try {
    yield* client.port.export(identity.installationId);
  } finally {
    client.close();
  }
}
