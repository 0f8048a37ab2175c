/**
 * From a backlog to ingest without a wire, by the rules of the uplink: hello, positions, batches in
 * order per epoch, acks. A lost ack is the end of its stream.
 */
import { digestCheck } from "#core/batch/digest.js";
import type { Delivery, Ingest } from "../backend/ingest/ingest.js";
import type { Backlog, BacklogEntry } from "../daemon/backlog/backlog.js";
import { introduce } from "../test/support/pool-bed.js";

/** Deliveries of one installation. */
export interface Link {
  /** One stream: up to `batches` of each epoch; `losesAck` says after which ack it is over. */
  deliver(batches: number, losesAck: () => boolean): Promise<void>;
  /** Delivers until nothing waits, or until it does not get less any more. */
  drain(): Promise<void>;
}

const INSTALLATION = "00000000-0000-4000-8000-000000000001";
/** Epochs that one hello names. */
const EPOCHS_MAX = 64;
const TRIES = 3;
const NO_COUNTS = { admitted: 0, duplicate: 0, rejected: 0 };

export function createLink(backlog: Backlog, ingest: Ingest): Link {
  async function deliver(batches: number, losesAck: () => boolean): Promise<void> {
    const epochs = backlog.epochs().slice(-EPOCHS_MAX);
    const streams = backlog.streams();
    const devices = streams.map(({ table, ...stream }) => ({ ...stream, tableId: table.id }));
    const delivery = await ingest.open(introduce(INSTALLATION, { devices, epochs }));
    try {
      for (const { table } of streams) {
        const isUnknown = delivery.unknownTables.some((id) => Buffer.compare(id, table.id) === 0);
        if (isUnknown) await delivery.learnTable(table);
      }
      for (const [index, { epochId, firstUnacked, lastSealed }] of epochs.entries()) {
        const known = delivery.ackedThrough[index] ?? 0;
        const isAhead = known > lastSealed;
        if (isAhead && index === epochs.length - 1) await backlog.beginEpoch();
        // Of what the backend knows by numbers that we never gave, the rest is sent as repeats.
        const through = isAhead ? firstUnacked - 1 : known;
        await backlog.acknowledge({ epochId, ackedThrough: through, ...NO_COUNTS });
        for (const entry of await backlog.after(epochId, through, batches)) {
          const isLast = losesAck();
          await send(delivery, entry, index, isLast);
          if (isLast) return;
        }
      }
    } finally {
      delivery.close();
    }
  }

  async function send(
    delivery: Delivery,
    { epochId, sequence, sealed }: BacklogEntry,
    epoch: number,
    isAckLost: boolean,
  ): Promise<void> {
    const device = backlog
      .streams()
      .findIndex(({ table }) => Buffer.compare(table.id, sealed.tableId) === 0);
    const { rows, slot, codec, prior, plainBytes, block } = sealed;
    const start = prior === undefined ? {} : { prior };
    const facts = { rows, slot, codec, plainBytes, check: digestCheck(sealed.digest), block };
    const batch = { device, epoch, sequence, ...facts, ...start };
    const { admitted, duplicate, rejected } = await delivery.take(batch);
    const counts = { admitted, duplicate, rejected };
    if (!isAckLost) await backlog.acknowledge({ epochId, ackedThrough: sequence, ...counts });
  }

  const waiting = (): number => backlog.status().snapshots + backlog.status().unsealed;
  return {
    deliver,
    async drain() {
      await backlog.seal();
      for (let tries = 0; tries < TRIES && waiting() > 0; ) {
        const before = waiting();
        await deliver(Number.MAX_SAFE_INTEGER, () => false);
        if (waiting() >= before) tries++;
      }
    },
  };
}
