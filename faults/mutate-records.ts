/**
 * Bytes at rest, at both ends: every record of the backlog and of the store, the rollups' file, and
 * the small files of state. Each carries a checksum over key and content; whatever is taken in spite
 * of a change has to be what was written.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSealed } from "#core/batch/batch-reader.js";
import { encodeBlock } from "#core/batch/block.js";
import {
  decodeChannelTable,
  decodeJournalBlock,
  decodeLossEntry,
  decodeSealedBatch,
  encodeChannelTable,
  encodeJournalBlock,
  encodeLossEntry,
  encodeSealedBatch,
} from "#core/batch/records.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { decodeRollups, encodeRollups } from "../backend/aggregate/rollup-file.js";
import { emptyState } from "../backend/aggregate/rollups.js";
import { newInstallation } from "../backend/ingest/contribution.js";
import { blockKey, key, u64, uuidBytes } from "../backend/store/store-keys.js";
import {
  openBlock,
  openJournal,
  openJson,
  sealBlock,
  sealJournal,
  sealJson,
} from "../backend/store/store-values.js";
import { NO_IDENTITY, readIdentity, writeIdentity } from "../daemon/backlog/identity.js";
import { batchKey, namedKey, numberKey, STATE_KEY } from "../daemon/backlog/keys.js";
import { frameRecord, openRecord } from "../daemon/backlog/record.js";
import {
  decodeState,
  decodeStream,
  encodeState,
  encodeStream,
} from "../daemon/backlog/stored-records.js";
import { openConsentBook } from "../daemon/enrolment/consent.js";
import { openCheckedFile, openStateFile } from "../daemon/host/state-file.js";
import { contentOf } from "../test/support/block-samples.js";
import { createRandom } from "../test/support/chance.js";
import { createFakeClock } from "../test/support/fake-clock.js";
import { EPOCH, fillColumns, installationId, STEP_MS, TABLE } from "../test/support/pool-bed.js";
import { isSame, judgeBy, type Victim } from "./mutate-victim.js";

const BOOT = Buffer.alloc(16, 0xb0);

/** Victims of one seed. */
export function recordVictims(seed: number, folder: string): Victim[] {
  const random = createRandom(seed);
  const sealed = sealedBatch(random);
  const number = 1 + Math.floor(random() * 1_000);
  return [
    ...backlogRecords(sealed, number, random),
    ...storeRecords(sealed, number, random),
    digestVictim(sealed),
    rollupVictim(random),
    identityVictim(folder, number),
    consentVictim(folder),
  ];
}

function sealedBatch(random: () => number): SealedBatch {
  const rows = Array.from({ length: 5 + Math.floor(random() * 20) }, () =>
    [-30, 200, 1_000].map((from) =>
      random() < 0.05 ? undefined : from + Math.floor(random() * 90),
    ),
  );
  const columns = fillColumns(TABLE, Date.UTC(2026, 10, 1), rows);
  const codec = Math.floor(random() * 3);
  const { slot } = columns;
  const readings = rows.flat().filter((one) => one !== undefined).length;
  const facts = { deviceId: "heatpump", tableId: TABLE.id, stepMs: STEP_MS, slot, readings, codec };
  return { ...facts, rows: rows.length, ...encodeBlock(columns, TABLE, codec) };
}

/** What one frame of the backlog guards. */
function framed(
  name: string,
  at: Buffer,
  payload: Uint8Array,
  decode: (payload: Buffer) => unknown,
): Victim {
  const value = frameRecord(at, payload);
  const meaning = decode(Buffer.from(payload));
  return {
    name,
    sound: () => value,
    judge: (mutated) =>
      judgeBy(() => {
        const opened = openRecord(at, Buffer.from(mutated));
        if (opened === undefined) return "rejected";
        return isSame(decode(opened), meaning) ? "same" : "wrong";
      }),
  };
}

function backlogRecords(sealed: SealedBatch, number: number, random: () => number): Victim[] {
  const firstMonotonicMs = Math.floor(random() * 1e9);
  const journal = { bootId: BOOT, firstMonotonicMs, clockSynced: random() < 0.5, rows: sealed };
  const loss = {
    number,
    class: "lost" as const,
    reason: "evicted-limit",
    deviceId: "heatpump",
    fromMs: Date.UTC(2026, 10, 1),
    toMs: Date.UTC(2026, 10, 2),
    snapshots: number,
    readings: 60 * number,
    batches: { epochId: EPOCH, sequenceFrom: number, sequenceTo: number + 3 },
  };
  const state = {
    epochs: [
      {
        epochId: EPOCH,
        firstUnacked: number,
        lastSealed: number + 9,
        handedThrough: number + 2,
        voids: [],
      },
    ],
    counters: { recorded: 900, admitted: 100, duplicate: 2, rejected: 1, lost: number },
    journalFirst: number,
    journalNext: number + 4,
    lossNext: 3,
    retractions: [],
    deadLetterNext: 1,
    newestMs: Date.UTC(2026, 10, 2),
    sealedThroughMs: Date.UTC(2026, 10, 1),
  };
  const stream = {
    deviceId: "heatpump",
    profile: "idm/navigator-2.0",
    profileVersion: number,
    heatpumpModel: "idm/navigator-2.0",
    table: TABLE,
    stepMs: STEP_MS,
  };
  return [
    framed("sealed batch", batchKey(EPOCH, number), encodeSealedBatch(sealed), decodeSealedBatch),
    framed(
      "journal block",
      numberKey("s", number),
      encodeJournalBlock(journal),
      decodeJournalBlock,
    ),
    framed("loss entry", numberKey("l", number), encodeLossEntry(loss), decodeLossEntry),
    framed("channel table", namedKey("t", TABLE.id), encodeChannelTable(TABLE), (bytes) =>
      decodeChannelTable(bytes),
    ),
    framed("backlog state", STATE_KEY, encodeState(state), decodeState),
    framed("device stream", namedKey("v", TABLE.id), encodeStream(stream), decodeStream),
  ];
}

/** What one value of the store guards. */
function stored(
  name: string,
  at: Buffer,
  value: Buffer,
  open: (at: Buffer, value: Buffer) => unknown,
): Victim {
  const meaning = open(at, value);
  return {
    name,
    sound: () => value,
    judge: (mutated) =>
      judgeBy(() => (isSame(open(at, Buffer.from(mutated)), meaning) ? "same" : "wrong")),
  };
}

function storeRecords(batch: SealedBatch, sequence: number, random: () => number): Victim[] {
  const id = installationId(1);
  const firstMs = batch.slot * STEP_MS;
  const place = {
    installationId: id,
    deviceId: batch.deviceId,
    day: 20_000,
    epochId: EPOCH,
    sequence,
  };
  const block = {
    ...{ installationId: id, epochId: EPOCH, sequence, heatpumpModel: "idm/navigator-2.0" },
    ...{ receivedAtMs: firstMs + Math.floor(random() * 1e6), firstMs, lastMs: firstMs + 1, batch },
  };
  const [blockAt, stateAt, journalAt] = [
    blockKey(place),
    key("installation", uuidBytes(id)),
    key("journal", u64(sequence)),
  ];
  const state = { ...newInstallation(id, firstMs), snapshotsStored: sequence };
  return [
    stored("stored block", blockAt, sealBlock(blockAt, block), openBlock),
    stored("installation", stateAt, sealJson(stateAt, state), openJson),
    stored("store journal", journalAt, sealJournal(journalAt, [blockAt, stateAt]), openJournal),
  ];
}

/** The message without its frame: what the sixteen bytes of the digest notice alone. */
function digestVictim(sealed: SealedBatch): Victim {
  const bytes = encodeSealedBatch(sealed);
  const meaning = openSealed(sealed, TABLE);
  const content = { ...meaning, lanes: [...meaning.lanes] };
  return {
    name: "sealed batch by its digest",
    sound: () => bytes,
    judge: (mutated) =>
      judgeBy(() => {
        const found = openSealed(decodeSealedBatch(mutated), TABLE);
        return isSame(contentOf(found, TABLE), contentOf(content, TABLE)) ? "same" : "wrong";
      }),
  };
}

function rollupVictim(random: () => number): Victim {
  const metrics = ["temp_outdoor", "temp_flow"];
  const state = emptyState(metrics, 2);
  state.columns = 2;
  state.newestHour = 495_000;
  state.appliedThrough = 12;
  for (const { count, sum } of state.arrays) {
    for (let k = 0; k < count.length; k++) [count[k], sum[k]] = [60, random() * 1_000];
  }
  const bytes = Buffer.concat(encodeRollups(state));
  const written = new Uint8Array(bytes);
  return {
    name: "rollup file",
    sound: () => written,
    judge: (mutated) => {
      const found = decodeRollups(Buffer.from(mutated), metrics);
      if (found === undefined) return "rejected";
      return Buffer.concat(encodeRollups(found)).equals(bytes) ? "same" : "wrong";
    },
  };
}

function identityVictim(folder: string, waiting: number): Victim {
  const path = join(folder, "identity.json");
  const mark = { epochId: EPOCH, lastSealed: 9, recorded: 900, waiting, lossNumberMin: 40 };
  const identity = { hasDatabase: true, clean: mark, waiting, lossNumberMin: 40 };
  const written = writeIdentity(path, identity).then(() => readFileSync(path));
  let sound: Uint8Array = new Uint8Array(0);
  return {
    name: "identity file",
    ready: async () => {
      sound = await written;
    },
    sound: () => sound,
    judge: async (mutated) => {
      writeFileSync(path, mutated);
      const found = await readIdentity(path);
      if (isSame(found, { ...NO_IDENTITY, hasDatabase: true })) return "rejected";
      return isSame(found, identity) ? "same" : "wrong";
    },
  };
}

function consentVictim(folder: string): Victim {
  const path = join(folder, "consent.json");
  const marker = openStateFile(join(folder, "withdrawal"));
  const facts = { clock: createFakeClock(), daemonVersion: "0.1.0" };
  const book = openConsentBook({ file: openCheckedFile(path), marker, ...facts });
  rmSync(path, { force: true });
  book.grant({ locale: "de", scopes: ["model_training"] });
  const history = book.history();
  const sound = readFileSync(path);
  return {
    name: "consent file",
    sound: () => sound,
    judge: (mutated) => {
      writeFileSync(path, mutated);
      return judgeBy(() => (isSame(book.history(), history) ? "same" : "wrong"));
    },
  };
}
