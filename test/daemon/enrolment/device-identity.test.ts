/**
 * Keys on the device: unreadable without the secret, on disk before anybody hears of them, and never
 * half replaced.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { kidOf } from "#core/envelope/key-agreement.js";
import { readDeviceSecret } from "../../../daemon/enrolment/device-secret.js";
import { enrolDevice } from "../../../daemon/enrolment/enrolment.js";
import { openStateFile } from "../../../daemon/host/state-file.js";
import { createChance } from "../../support/chance.js";
import { directPort, openDevice } from "../../support/device-bed.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { CONSENT } from "../../support/identity-bed.js";

const YEAR_MS = 365 * 86_400_000;
const code = (name: string) => expect.objectContaining({ code: name });
const chance = createChance(2);

describe("the device's identity", () => {
  it("asks again with the same keys until there is a certificate for them", () => {
    const { identity } = openDevice(createFakeClock());
    const first = identity.prepare();
    const again = identity.prepare();
    expect(again.names).toEqual({ tls: "tls-1", kem: "kem-1" });
    expect(again.tls.equals(first.tls)).toBe(true);
    expect(again.kemSpki).toEqual(first.kemSpki);
    expect(identity.certificate()).toBeUndefined();
    expect(() => identity.keys()).toThrow(code("UNAUTHENTICATED"));
  });

  it("keeps keys in sealed files for its owner alone, which no other secret opens", () => {
    const clock = createFakeClock();
    const { identity, folder, keyFile } = openDevice(clock);
    const { tls } = identity.prepare();
    const der = tls.export({ type: "pkcs8", format: "der" });
    expect(readdirSync(join(folder, "keys")).sort()).toEqual(["kem-1", "tls-1"]);
    const sealed = keyFile("tls-1").readBytes() ?? Buffer.alloc(0);
    expect(sealed).toHaveLength(12 + der.length + 16);
    expect(sealed.includes(der.subarray(36, 60))).toBe(false);
    expect(statSync(keyFile("tls-1").path).mode & 0o777).toBe(0o600);
    const other = openDevice(clock, folder, Buffer.alloc(32, 6));
    expect(() => other.identity.prepare()).toThrow(code("STATE_INVALID"));
    // One key in another's place does not open either.
    writeFileSync(keyFile("tls-1").path, readFileSync(keyFile("kem-1").path));
    expect(() => identity.prepare()).toThrow(code("STATE_INVALID"));
  });

  it("finds a KEM key by its name, and no other", () => {
    const { identity } = openDevice(createFakeClock());
    const { kem, kemSpki } = identity.prepare();
    expect(identity.kemKey(kidOf(kemSpki))?.equals(kem)).toBe(true);
    expect(identity.kemKey("0".repeat(64))).toBeUndefined();
  });

  it("takes no certificate of another key, another id, or nonsense", async () => {
    const { bed, port } = await directPort();
    const mine = openDevice(bed.clock);
    const other = openDevice(bed.clock);
    const keys = mine.identity.prepare();
    await enrolDevice(other.identity, port, { consent: CONSENT, claimToken: "" });
    const chain = bed.identities.find(other.identity.installationId);
    expect(chain).toBeDefined();
    const pem = other.identity.record().present?.certificate ?? "";
    const ders = pem
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((one) => Buffer.from(one.replace(/-----.*-----|\s/g, ""), "base64"));
    expect(() => mine.identity.adopt(keys, ders)).toThrow(code("PROTOCOL"));
    expect(() => mine.identity.adopt(keys, [Buffer.from("no")])).toThrow(code("PROTOCOL"));
    expect(() => mine.identity.adopt(keys, [])).toThrow(code("PROTOCOL"));
    expect(mine.identity.certificate()).toBeUndefined();
  });

  it("makes a new KEM key after a year and keeps the old one for what is on its way", async () => {
    const { bed, port } = await directPort();
    const { identity, hasKey } = openDevice(bed.clock);
    await enrolDevice(identity, port, { consent: CONSENT, claimToken: "" });
    expect(identity.prepare().names).toEqual({ tls: "tls-2", kem: "kem-1" });
    const fresh = openDevice(bed.clock);
    await expect(
      enrolDevice(fresh.identity, port, { consent: CONSENT, claimToken: "" }),
    ).rejects.toEqual(code("PERMISSION_DENIED"));
    const later = openDevice({ nowMs: () => bed.clock.nowMs() + YEAR_MS });
    later.file.write(
      JSON.stringify({
        format: 1,
        ...identity.record(),
        pending: undefined,
      }),
    );
    expect(later.identity.prepare().names).toEqual({ tls: "tls-2", kem: "kem-2" });
    expect(hasKey("kem-1")).toBe(true);
  });

  it("refuses a record that was damaged instead of starting over", () => {
    const { identity, file } = openDevice(createFakeClock());
    file.write("{}");
    expect(() => identity.record()).toThrow(code("STATE_INVALID"));
    file.write("no");
    expect(() => identity.prepare()).toThrow(code("STATE_INVALID"));
  });
});

describe("the device's secret", () => {
  const places = (secretFile: string | undefined, more: object = {}) => ({
    credential: undefined,
    secretFile,
    hasKeys: false,
    writeNew: (path: string, text: string) => openStateFile(path).write(text),
    ...more,
  });

  it("is refused where there is none, with a sentence that helps", () => {
    expect(() => readDeviceSecret(places(undefined), chance)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        hint: expect.stringMatching(/device-key.*keys\.secretFile/s),
      }),
    );
  });

  it("is made once, for its owner alone, and is the same ever after", () => {
    const path = join(temporaryFolder(), "secret");
    const secret = readDeviceSecret(places(path), chance);
    expect(secret).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readDeviceSecret(places(path), chance)).toEqual(secret);
  });

  it("is not made anew where there are keys that it would not open", () => {
    const path = join(temporaryFolder(), "secret");
    expect(() => readDeviceSecret(places(path, { hasKeys: true }), chance)).toThrow(
      code("STATE_INVALID"),
    );
    expect(existsSync(path)).toBe(false);
  });

  it("is refused when others may read it, or when it is too short", () => {
    const path = join(temporaryFolder(), "secret");
    readDeviceSecret(places(path), chance);
    chmodSync(path, 0o640);
    expect(() => readDeviceSecret(places(path), chance)).toThrow(code("STATE_INVALID"));
    chmodSync(path, 0o600);
    writeFileSync(path, "short");
    expect(() => readDeviceSecret(places(path), chance)).toThrow(code("STATE_INVALID"));
  });

  it("of systemd goes before the file", () => {
    const credential = join(temporaryFolder(), "device-key");
    writeFileSync(credential, Buffer.alloc(32, 4));
    expect(readDeviceSecret(places(undefined, { credential }), chance)).toEqual(
      Buffer.alloc(32, 4),
    );
  });
});
