/** Memory while pushing: one buffer for all readers, few files at once, few transfers at once. */
import { describe, expect, it } from "vitest";
import { createSharedFiles } from "../../../backend/push/shared-files.js";
import { createTurnstile } from "../../../backend/push/turnstile.js";
import { settle } from "../../support/fake-clock.js";

describe("shared files", () => {
  it("reads a file once for all who hold it, and again when the last has gone", async () => {
    const files = createSharedFiles();
    let reads = 0;
    const read = async () => {
      reads += 1;
      return Buffer.from("model");
    };
    const held = await Promise.all([1, 2, 3].map(() => files.hold("a", read)));
    expect(new Set(held.map(({ piece }) => piece(0))).size).toBe(1);
    for (const one of held) one.release();
    (await files.hold("a", read)).release();
    expect(reads).toBe(2);
  });

  it("holds two files at once; a third waits for one to go", async () => {
    const files = createSharedFiles();
    const read = async () => Buffer.from("model");
    const [one] = await Promise.all([files.hold("a", read), files.hold("b", read)]);
    let isThere = false;
    const third = files.hold("c", read).then((file) => {
      isThere = true;
      return file;
    });
    await settle();
    expect(isThere).toBe(false);
    one.release();
    (await third).release();
  });

  it("forgets a file that could not be read", async () => {
    const files = createSharedFiles();
    const broken = files.hold("a", () => Promise.reject(new Error("disk")));
    await expect(broken).rejects.toThrow("disk");
    expect((await files.hold("a", async () => Buffer.of(1))).piece(0)).toEqual(Buffer.of(1));
  });
});

describe("the turnstile", () => {
  it("lets in so many at once, the others in their order, and counts a way out once", async () => {
    const turnstile = createTurnstile(2);
    const inside: number[] = [];
    const leave: (() => void)[] = [];
    for (const one of [1, 2, 3, 4])
      void turnstile.enter().then((out) => {
        inside.push(one);
        leave.push(out);
      });
    await settle();
    expect(inside).toEqual([1, 2]);
    leave[0]?.();
    leave[0]?.();
    await settle();
    expect(inside).toEqual([1, 2, 3]);
    leave[1]?.();
    await settle();
    expect(inside).toEqual([1, 2, 3, 4]);
  });
});
