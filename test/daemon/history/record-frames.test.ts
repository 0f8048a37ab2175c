/** A kept history is used as it was, or not at all. */
import { describe, expect, it } from "vitest";
import type { HistoryRecord } from "../../../daemon/history/history.js";
import { decodeRecords, encodeRecords } from "../../../daemon/history/record-frames.js";

const RECORDS: readonly HistoryRecord[] = [
  { key: Buffer.from("b1"), value: Buffer.from("first") },
  { key: Buffer.from("b22"), value: Buffer.alloc(0) },
  { key: Buffer.from("t"), value: Buffer.alloc(300, 7) },
];

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function list<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function encode(records: readonly HistoryRecord[]): Promise<Buffer> {
  return Buffer.concat(await list(encodeRecords(each(records))));
}

async function decode(bytes: Buffer, step = bytes.length): Promise<readonly HistoryRecord[]> {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.subarray(at, at + step));
  return await list(decodeRecords(each(chunks)));
}

describe("the frames of a kept history", () => {
  it.each([1, 7, 1000])("come back in pieces of %i bytes", async (step) => {
    expect(await decode(await encode(RECORDS), step)).toEqual(RECORDS);
  });

  it("say that nothing was there", async () => {
    expect(await decode(await encode([]))).toEqual([]);
  });

  it("are refused when they were cut, wherever", async () => {
    const whole = await encode(RECORDS);
    for (let bytes = 0; bytes < whole.length; bytes++) {
      await expect(decode(whole.subarray(0, bytes))).rejects.toMatchObject({
        code: "STORE_DAMAGED",
      });
    }
  });

  it("are refused when a bit differs, wherever, and when they go on", async () => {
    const whole = await encode(RECORDS);
    for (let at = 0; at < whole.length; at++) {
      const bent = Buffer.from(whole);
      bent[at] = (bent[at] ?? 0) ^ 0x10;
      await expect(decode(bent)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    }
    await expect(decode(Buffer.concat([whole, whole]))).rejects.toThrow("cannot be used");
  });

  it("are refused when a whole record is missing", async () => {
    const three = await encode(RECORDS);
    const two = await encode(RECORDS.slice(0, 2));
    const end = three.subarray(three.length - 20);
    await expect(decode(Buffer.concat([two.subarray(0, two.length - 20), end]))).rejects.toThrow(
      "records are missing",
    );
  });
});
