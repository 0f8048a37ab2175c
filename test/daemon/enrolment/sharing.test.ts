/** Sharing: without consent there is no queue and no call; a withdrawal ends both at once. */
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { openConsentBook } from "../../../daemon/enrolment/consent.js";
import { createSharing, type Queue } from "../../../daemon/enrolment/sharing.js";
import { openStateFile } from "../../../daemon/host/state-file.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const snapshot: Snapshot = {
  deviceId: "heatpump",
  takenAtMs: 0,
  monotonicMs: 0,
  clockSynced: true,
  readings: [],
};

function openBook(folder: string) {
  const clock = createFakeClock();
  const book = openConsentBook({
    file: openStateFile(join(folder, "consent.json")),
    marker: openStateFile(join(folder, "withdrawal")),
    clock,
    daemonVersion: "0.1.0",
  });
  return { book, clock };
}

function start({
  folder = temporaryFolder(),
  hasBackend = true,
  isWithdrawnMeanwhile = false,
} = {}) {
  const { book, clock } = openBook(folder);
  const did: string[] = [];
  const openQueue = async (): Promise<Queue> => {
    did.push("open");
    if (isWithdrawnMeanwhile) book.withdraw();
    return {
      record: () => did.push("record"),
      recordLoss: () => did.push("loss"),
      wipe: async () => void did.push("wipe"),
      close: async () => void did.push("close"),
    };
  };
  const sharing = createSharing({
    book,
    clock,
    log: () => undefined,
    hasBackend,
    openQueue,
    async deliver(_queue, record, stop, withdrawn) {
      did.push(`deliver ${record.scopes.join("+")}`);
      const ended = AbortSignal.any([stop, withdrawn]);
      withdrawn.addEventListener("abort", () => did.push("cut"), { once: true });
      await new Promise<void>((resolve) => {
        if (ended.aborted) resolve();
        ended.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    destroyRemains: async () => void did.push("destroy"),
  });
  const stop = new AbortController();
  const done = sharing.run(stop.signal);
  const end = async () => {
    stop.abort();
    await done;
  };
  stops.push(end);
  return { sharing, book, clock, did, end, folder };
}

describe("sharing", () => {
  it("opens no queue and calls nobody before consent", async () => {
    const { sharing, did, clock } = start();
    sharing.record(snapshot);
    await clock.advance(3_600_000);
    sharing.record(snapshot);
    expect(did).toEqual([]);
  });

  it("does nothing without a backend either", async () => {
    const { sharing, book, did } = start({ hasBackend: false });
    book.grant({ locale: "en", scopes: [] });
    await sharing.consentChanged();
    sharing.record(snapshot);
    expect(did).toEqual([]);
  });

  it("begins when the owner agreed, also while the daemon runs", async () => {
    const { sharing, book, did } = start();
    book.grant({ locale: "en", scopes: [] });
    await sharing.consentChanged();
    sharing.record(snapshot);
    expect(did).toEqual(["open", "deliver telemetry", "record"]);
  });

  it("notices by itself a consent that nobody told it of", async () => {
    const { book, did, clock } = start();
    await settle();
    book.grant({ locale: "en", scopes: [] });
    await clock.advance(60_000);
    expect(did).toEqual(["open", "deliver telemetry"]);
  });

  it("is cut in the tick of the withdrawal, then wiped, then recorded", async () => {
    const { sharing, book, did } = start();
    book.grant({ locale: "en", scopes: [] });
    await sharing.consentChanged();
    book.withdraw();
    const effect = sharing.consentChanged();
    expect(did.at(-1)).toBe("cut");
    sharing.record(snapshot);
    await effect;
    expect(did).toEqual(["open", "deliver telemetry", "cut", "wipe", "close"]);
    expect(book.state()).toEqual({ status: "withdrawn", pending: false });
    sharing.record(snapshot);
    expect(did.at(-1)).toBe("close");
  });

  it("withdrawn while the queue opens leaves nothing of an earlier run either", async () => {
    const { sharing, book, did } = start({ isWithdrawnMeanwhile: true });
    book.grant({ locale: "en", scopes: [] });
    await sharing.consentChanged();
    expect(did).toEqual(["open", "wipe", "close", "destroy"]);
    expect(book.state()).toEqual({ status: "withdrawn", pending: false });
  });

  it("sees a withdrawal that nobody told it of at the next snapshot", async () => {
    const { sharing, book, did } = start();
    book.grant({ locale: "en", scopes: [] });
    await sharing.consentChanged();
    book.withdraw();
    sharing.record(snapshot);
    expect(did.at(-1)).toBe("cut");
  });

  it("finishes at start a withdrawal that a crash interrupted, before anything else", async () => {
    const folder = temporaryFolder();
    const { book: before } = openBook(folder);
    before.grant({ locale: "en", scopes: [] });
    before.withdraw();
    // The process dies here: nobody ran `sharing`.
    const { did, book } = start({ folder });
    await settle();
    expect(did).toEqual(["destroy"]);
    expect(book.state()).toEqual({ status: "withdrawn", pending: false });
  });

  it("begins again with the scopes of a new agreement", async () => {
    const { sharing, book, did } = start();
    book.grant({ locale: "en", scopes: [] });
    await sharing.consentChanged();
    book.grant({ locale: "en", scopes: ["model_training"] });
    await sharing.consentChanged();
    await settle();
    expect(did.at(-1)).toBe("deliver telemetry+model_training");
    expect(did).not.toContain("wipe");
  });
});
