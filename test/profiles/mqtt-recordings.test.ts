/**
 * Recorded messages of gateways, played through a real broker, and the values that they must become.
 *
 * A folder `<brand>/<model>` with `*.ndjson` beside this file is found, not programmed. Every file of
 * a folder says the same in another setting of the gateway, so all of them have one expectation.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { parseMqttProfile } from "#core/profile/mqtt-compile.js";
import { readYaml } from "#core/schema/read-yaml.js";
import { createBroker, type TestBroker, until } from "../support/mosquitto.js";
import { isPeerMissing } from "../support/peer.js";
import { createHearing, type Hearing } from "../support/topic-hearing.js";

const here = import.meta.dirname;
const packaged = join(here, "../../firmware-profiles");

const expectedSchema = z.strictObject({
  recordedOn: z.string(),
  endsLifeless: z.boolean().default(false),
  readings: z.record(z.string(), z.number()),
  absent: z.array(z.string()),
});

const messageSchema = z.strictObject({
  topic: z.string(),
  payload: z.string(),
  qos: z.literal(0),
  retain: z.union([z.literal(0), z.literal(1)]),
});

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

const recordings = foldersIn(here).flatMap((brand) =>
  foldersIn(join(here, brand)).flatMap((model) =>
    readdirSync(join(here, brand, model))
      .filter((file) => file.endsWith(".ndjson"))
      .map((file) => ({ name: `${brand}/${model}`, file })),
  ),
);

const profiles = foldersIn(packaged).flatMap((brand) =>
  readdirSync(join(packaged, brand))
    .map((file) => ({ file: join(packaged, brand, file), name: `${brand}/${file.slice(0, -5)}` }))
    .filter(({ file }) => /^transport: mqtt$/m.test(readFileSync(file, "utf8"))),
);

function loadProfile(name: string) {
  const file = join(packaged, `${name}.yaml`);
  return parseMqttProfile(readFileSync(file, "utf8"), file);
}

function load(name: string, file: string) {
  const folder = join(here, name);
  const expected = readYaml(readFileSync(join(folder, "expected.yaml"), "utf8"), expectedSchema, {
    name: `${name}/expected.yaml`,
    code: "CONFIG_INVALID",
  });
  const messages = readFileSync(join(folder, file), "utf8")
    .trim()
    .split("\n")
    .map((line) => messageSchema.parse(JSON.parse(line)));
  return { expected, messages };
}

describe.each(profiles)("the packaged profile $name", ({ name }) => {
  const profile = loadProfile(name);

  it("is named like its file, has a recording, and claims no more than it", () => {
    expect(profile.name).toBe(name);
    expect(recordings.map((one) => one.name)).toContain(name);
    expect(profile.isVerified).toBe(false);
  });
});

describe.skipIf(isPeerMissing("mosquitto"))("recorded messages (mosquitto)", () => {
  let broker: TestBroker;
  let hearing: Hearing | undefined;
  beforeAll(async () => {
    broker = await createBroker();
    await broker.start();
  });
  afterEach(async () => {
    await hearing?.close();
    hearing = undefined;
  });
  afterAll(() => broker.stop());

  it.each(recordings)("$name, $file: every value, and no other", async ({ name, file }) => {
    const { expected, messages } = load(name, file);
    hearing = await createHearing(broker, loadProfile(name));
    const { gateway, source, status } = hearing;
    const last = expected.endsLifeless ? messages.pop() : undefined;
    const topics = new Set(hearing.topics);
    const wanted = messages.filter(({ topic }) => topics.has(topic)).length;
    for (const { topic, payload, retain } of messages) {
      await gateway.publishAsync(topic, payload, { retain: retain === 1 });
    }
    await until(() => status().feed.messages >= wanted, "all messages");
    const { readings } = await source.take(new AbortController().signal);
    const values = readings.flatMap(({ metric, value }) =>
      value === undefined ? [] : [[metric, value] as const],
    );
    expect(Object.fromEntries(values)).toEqual(expected.readings);
    const absent = readings.filter(({ quality }) => quality === "absent");
    expect(absent.map(({ metric }) => metric)).toEqual(expect.arrayContaining(expected.absent));
    if (last === undefined) return;
    const before = status().feed.messages;
    await gateway.publishAsync(last.topic, last.payload, { retain: last.retain === 1 });
    await until(() => status().feed.messages > before, "the last message");
    await expect(source.take(new AbortController().signal)).rejects.toMatchObject({
      code: "DEVICE_UNREACHABLE",
    });
  });
});
