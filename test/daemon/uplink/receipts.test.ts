/** An ack deletes batches: acks reach the backlog one after the other, in the order they came. */
import { expect, it } from "vitest";
import type { Backlog, Receipt } from "../../../daemon/backlog/backlog.js";
import { createReceipts } from "../../../daemon/uplink/receipts.js";
import { settle } from "../../support/fake-clock.js";

it("hands one receipt on when the one before is taken, also when that failed", async () => {
  const begun: number[] = [];
  const ends: { resolve: () => void; reject: (fault: Error) => void }[] = [];
  const acknowledge = ({ ackedThrough }: Receipt): Promise<void> => {
    begun.push(ackedThrough);
    return new Promise((resolve, reject) => {
      ends.push({ resolve, reject });
    });
  };
  const events: string[] = [];
  const receipts = createReceipts({
    backlog: { acknowledge } as unknown as Backlog,
    log: (_, event) => events.push(event),
  });
  const nothing = { admitted: 0, duplicate: 0, rejected: 0 };
  receipts.take("epoch", 1, [], nothing);
  receipts.take("epoch", 2, [], nothing);
  receipts.heal("epoch", 3);
  let isSettled = false;
  const settled = receipts.settled().then(() => {
    isSettled = true;
  });
  await settle();
  expect(begun).toEqual([1]);
  ends[0]?.reject(new Error("no space left"));
  await settle();
  expect([begun, events]).toEqual([
    [1, 2],
    ["uplink.ack-healed", "uplink.ack-not-kept"],
  ]);
  ends[1]?.resolve();
  await settle();
  expect([begun, isSettled]).toEqual([[1, 2, 3], false]);
  ends[2]?.resolve();
  await settled;
});
