/** Daemons that take nothing must not keep others from their models (A18), nor hold memory. */
import { describe, expect, it } from "vitest";
import type { PushMessage } from "../../../backend/push/push.js";
import { createDeviceKey } from "../../../bench/push-daemons.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { candidate, createModelBackend } from "../../support/push-bed.js";

const STALL_MS = 30_000;

/** A session that was granted everything and asks for one file. */
async function ask(
  backend: ReturnType<typeof createModelBackend>,
  number: number,
  models: number,
  wanted: string,
) {
  const { spki, kid, installationId } = createDeviceKey(number);
  backend.deviceKeys.set(installationId, spki);
  const session = backend.push.open({
    installationId,
    nonce: Buffer.alloc(32, 9),
    kid,
    lastGrantSeq: 0,
    installed: [],
    heatpumpModels: ["AERO_SLM"],
    daemonVersion: "1.0.0",
    consentVersion: 1,
  });
  const messages = session.messages();
  for (let grant = 0; grant < models; grant++) await messages.next();
  session.want(`${wanted}/1/model.enc`, 0);
  return messages;
}

async function bytesOf(messages: AsyncGenerator<PushMessage>, length: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < length) {
    const { value } = await messages.next();
    if (value?.kind !== "chunk") throw new Error("no chunk");
    expect(value.offset).toBe(bytes);
    parts.push(Uint8Array.from(value.data));
    bytes += value.data.length;
  }
  return Buffer.concat(parts);
}

describe("daemons that stall", () => {
  it("over different files give them up, others get theirs, and who goes on gets the rest", async () => {
    const clock = createFakeClock();
    const backend = createModelBackend(temporaryFolder(), clock);
    const names = ["model-a", "model-b", "model-c"];
    const lengths: number[] = [];
    for (const [k, modelId] of names.entries()) {
      const plain = Buffer.alloc(600_000 + k, k + 1);
      for (let at = 0; at < plain.length; at += 97) plain[at] = (at * 31 + k) & 0xff;
      const { facts } = await backend.publishing.publish(candidate({ modelId, plain }));
      lengths.push(facts.length);
    }
    const [first, second, third] = await Promise.all(
      names.map((name, k) => ask(backend, k + 1, names.length, name)),
    );
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    // Two take a piece each and then nothing: all the files that are held at once are theirs.
    const begun = [await first.next(), await second.next()];
    let isServed = false;
    const served = bytesOf(third, lengths[2] ?? 0).then((bytes) => {
      isServed = true;
      return bytes;
    });
    for (let round = 0; round < 20; round++) await settle();
    expect(isServed).toBe(false);
    await clock.advance(STALL_MS);
    expect((await served).equals(await backend.store.file("model-c", 1))).toBe(true);
    const [head] = begun;
    if (head?.value?.kind !== "chunk") throw new Error("no chunk");
    const rest: Uint8Array[] = [Uint8Array.from(head.value.data)];
    let have = head.value.data.length;
    while (have < (lengths[0] ?? 0)) {
      const { value } = await first.next();
      if (value?.kind !== "chunk") throw new Error("no chunk");
      expect(value.offset).toBe(have);
      rest.push(Uint8Array.from(value.data));
      have += value.data.length;
    }
    expect(Buffer.concat(rest).equals(await backend.store.file("model-a", 1))).toBe(true);
  });
});
