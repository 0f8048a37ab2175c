/**
 * Requests of Deliver as bytes, through the door's own decoding into ingest and a store, as an
 * authenticated daemon would send them. What is stored has to be what the daemon read, or nothing.
 *
 * TLS proves the bytes between the two ends; this is what a daemon with a broken memory or a hostile
 * one may send. What a hello, a loss report or a ping says is the sender's own claim, and has no
 * other proof: counted apart. Readings have one.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { toBuffer } from "#core/batch/message.js";
import { NO_PRIOR } from "#core/batch/prior.js";
import { KIND_PRIOR } from "#core/batch/priors/released.js";
import { fromWireTable, toWireTable } from "#core/batch/wire-batch.js";
import { HeatpoolError } from "#core/errors.js";
import { parseUuid } from "#core/uuid.js";
import { DeliverRequest } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Delivery, IncomingBatch } from "../backend/ingest/ingest.js";
import { checkIntroduction } from "../backend/ingest/introduction.js";
import { type Greeting, toGreeting } from "../backend/rpc/greeting.js";
import { decodeRequest } from "../backend/rpc/request-frame.js";
import { toIncomingBatch, toLosses } from "../backend/rpc/telemetry-wire.js";
import { createMemorySnapshotStore } from "../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import { createRandom } from "../test/support/chance.js";
import { createFakeClock } from "../test/support/fake-clock.js";
import {
  EPOCH,
  installationId,
  MODEL,
  makeBatch,
  makeLink,
  openBed,
  openDelivery,
  type Row,
  STEP_MS,
  TABLE,
} from "../test/support/pool-bed.js";
import { isSame, judgeBy, type Verdict, type Victim } from "./mutate-victim.js";

type Body = NonNullable<DeliverRequest["body"]>;

const ID = installationId(1);

/** Victims of one seed. */
export async function wireVictims(seed: number): Promise<Victim[]> {
  const random = createRandom(seed);
  const clock = createFakeClock();
  const count = 4 + Math.floor(random() * 30);
  const fromMs = Math.floor(clock.nowMs() / STEP_MS - 2 * count) * STEP_MS;
  const rows: Row[] = Array.from({ length: count }, () =>
    [-30, 200, 1_000].map((one) => (random() < 0.05 ? undefined : one + Math.floor(random() * 90))),
  );
  const hello = helloOf();
  const greeting = toGreeting(hello.value);
  const store = createMemorySnapshotStore();
  const bed = await openBed(store, clock);
  const delivery = await openDelivery(bed, ID, greeting.introduction);
  const parts = { store, delivery, greeting };
  const first = makeLink(1, fromMs, rows);
  const second = makeLink(1, fromMs + count * STEP_MS, rows, { chain: first.chain });
  return [
    ...[0, 1, 2].map((codec) => {
      const prior = codec === 2 ? KIND_PRIOR : NO_PRIOR;
      const batch = makeBatch(1, fromMs, rows, { codec, prior });
      return batchVictim(parts, `request with codec ${codec}`, batch);
    }),
    batchVictim(parts, "request that continues another", second.batch, first.batch),
    messageVictim("hello", hello, greeting),
    messageVictim("table", { $case: "table", value: toWireTable(TABLE) }, greeting),
    messageVictim("loss report", lossOf(random), greeting),
    messageVictim("ping", { $case: "ping", value: { nonce: 7n } }, greeting),
  ];
}

interface Parts {
  readonly store: SnapshotStore;
  readonly delivery: Delivery;
  readonly greeting: Greeting;
}

/** A batch that is always the next of its epoch; `before` is what it continues. */
function batchVictim(
  { store, delivery, greeting }: Parts,
  name: string,
  batch: IncomingBatch,
  before?: IncomingBatch,
): Victim {
  const take = async (incoming: IncomingBatch): Promise<unknown> => {
    const { admitted } = await delivery.take(incoming);
    for await (const { sequence, batch: sealed } of store.blocks(ID)) {
      if (admitted === 0 || sequence !== incoming.sequence) continue;
      const { deviceId } = sealed;
      const rows = [...readRows(openSealed(sealed, TABLE), TABLE)];
      return { deviceId, rows: rows.map(({ atMs, values }) => [atMs, ...values]) };
    }
    // Refused, or a number that is known with the same check: nothing of it is stored.
    return undefined;
  };
  const prepare = async (): Promise<number> => {
    const sequence = (delivery.ackedThrough[0] ?? 0) + 1;
    if (before === undefined) return sequence;
    await delivery.take({ ...before, sequence });
    return sequence + 1;
  };
  let [truth, sequence]: [unknown, number] = [undefined, 0];
  return {
    name,
    async ready() {
      truth ??= await take({ ...batch, sequence: await prepare() });
      if (truth === undefined) throw new Error(`${name}: was not taken as it should be`);
      sequence = await prepare();
    },
    sound: () => encodeBatch({ ...batch, sequence }),
    async judge(mutated) {
      const body = decode(mutated);
      if (body?.$case !== "batch") return judgeMessage(body, undefined, greeting);
      try {
        const found = await take(toIncomingBatch(body.value, greeting));
        if (found === undefined) return "rejected";
        return isSame(found, truth) ? "same" : "wrong";
      } catch (fault) {
        if (fault instanceof HeatpoolError) return "rejected";
        throw fault;
      }
    },
  };
}

function encodeBatch(batch: IncomingBatch): Uint8Array {
  const { sequence, slot, prior = NO_PRIOR, continues = false, backlog = false, block } = batch;
  const { device, epoch, rows, codec, check } = batch;
  return encode({
    $case: "batch",
    value: {
      ...{ device, epoch, rows, codec, check, continues, backlog },
      sequence: BigInt(sequence),
      slot: slot === undefined ? undefined : BigInt(slot),
      plainBytes: codec === 1 ? batch.plainBytes : 0,
      prior: continues ? 0 : PRIORS.indexOf(prior),
      block: toBuffer(block),
    },
  });
}

function encode(body: Body): Uint8Array {
  return new Uint8Array(DeliverRequest.encode({ body }).finish());
}

/** Like the door: `undefined` for what it does not even read. */
function decode(mutated: Uint8Array): Body | undefined {
  try {
    return decodeRequest(toBuffer(mutated)).body;
  } catch {
    // grpc-js ends the call with its own status, whatever the decoder throws.
    return undefined;
  }
}

function messageVictim(name: string, body: Body, greeting: Greeting): Victim {
  const sound = encode(body);
  return {
    name: `request with a ${name}`,
    sound: () => sound,
    judge: (mutated) => judgeMessage(decode(mutated), body, greeting),
  };
}

/** A message that is no batch, as the conversation takes it. */
function judgeMessage(body: Body | undefined, sound: Body | undefined, of: Greeting): Verdict {
  return judgeBy(() => {
    if (body === undefined) return "rejected";
    if (body.$case === "hello") checkIntroduction(toGreeting(body.value).introduction);
    if (body.$case === "loss") toLosses(body.value, of);
    if (body.$case === "table") {
      const { id, channels } = fromWireTable(body.value);
      // Another id is another table; nobody declared it.
      if (!isSame(id, TABLE.id)) return "rejected";
      return isSame(channels, TABLE.channels) ? "same" : "wrong";
    }
    return isSame(body, sound) ? "same" : "claim";
  });
}

/** Of the hello, in its order. */
const PRIORS = [NO_PRIOR, KIND_PRIOR];

function helloOf(): Extract<Body, { $case: "hello" }> {
  const bytes = (id: string) => Buffer.from(parseUuid(id) ?? []);
  const device = {
    deviceId: "heatpump",
    profile: MODEL,
    profileVersion: 1,
    heatpumpModel: MODEL,
    tableId: toBuffer(TABLE.id),
    stepMs: STEP_MS,
    timeToleranceMs: 0,
  };
  const value = {
    protocolRevision: 1,
    installationId: bytes(ID),
    daemonVersion: "0.1.0",
    bootId: Buffer.alloc(16, 0xb0),
    clockSynced: true,
    devices: [device],
    epochs: [{ epochId: bytes(EPOCH), firstUnacked: 1n, lastSealed: 0n }],
    codecs: [2, 1, 0],
    responseBytesMax: 65_536,
    consentVersion: 1,
    consentScopes: ["telemetry"],
    lossLedgerLast: 0n,
    priors: PRIORS,
  };
  return { $case: "hello", value };
}

function lossOf(random: () => number): Body {
  const loss = {
    number: 1n,
    reason: "evicted-limit",
    device: 1,
    fromMs: BigInt(Date.UTC(2026, 10, 1)),
    toMs: BigInt(Date.UTC(2026, 10, 2)),
    snapshots: BigInt(Math.floor(random() * 1_000)),
    epochId: Buffer.from(parseUuid(EPOCH) ?? []),
    sequenceFrom: 4n,
    sequenceTo: 6n,
  };
  return { $case: "loss", value: { losses: [loss] } };
}
