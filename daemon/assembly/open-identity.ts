/** This machine's identity and its ways to the backend, put together for the daemon and commands. */
import { createPublicKey, type X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { hashSpki } from "#core/certificate/installation-certificate.js";
import type { Chance, Clock } from "#core/clock.js";
import { kidOf } from "#core/envelope/key-agreement.js";
import { HeatpoolError } from "#core/errors.js";
import type { Config } from "../config.js";
import { type DeviceIdentity, openDeviceIdentity } from "../enrolment/device-identity.js";
import { readDeviceSecret } from "../enrolment/device-secret.js";
import { type IdentityRecord, readRecord } from "../enrolment/identity-record.js";
import { openInstallationId } from "../enrolment/installation-id.js";
import { createKeyStore, type KeyStore } from "../enrolment/key-store.js";
import { openCheckedFile, openStateFile } from "../host/state-file.js";
import type { AskingLine } from "../uplink/asking-line.js";

/** What an identity is opened with. */
export interface IdentityParts {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Where systemd put a credential; left out: it gave none. */
  credential?(name: string): string | undefined;
  /** On which the backend is asked; left out: a connection for each question. */
  readonly line?: AskingLine;
}

/** Name of the systemd credential that seals the keys. */
const DEVICE_KEY = "device-key";
const IDENTITY_FILE = "identity.json";

/** What `heatpool identity show` says; nothing of it is secret. */
export interface IdentityFacts {
  readonly installationId: string | undefined;
  readonly enrolled: boolean;
  readonly enrolledAt: string | undefined;
  readonly renewedAt: string | undefined;
  readonly certificateSerial: string | undefined;
  readonly certificateNotBefore: string | undefined;
  readonly certificateNotAfter: string | undefined;
  readonly issuer: string | undefined;
  readonly spkiSha256: string | undefined;
  readonly kid: string | undefined;
  readonly keysSealedBy: "systemd credential" | "keys.secretFile" | "nothing";
  readonly consentOnRecord: boolean;
}

/** What is known of the identity, without its keys. @throws HeatpoolError `STATE_INVALID` */
export function readIdentity({ stateDir }: Config): IdentityRecord {
  return readRecord(openCheckedFile(join(stateDir, IDENTITY_FILE)));
}

/** The identity of that configuration. Its keys are touched only when they are used. */
export function openIdentity(config: Config, parts: IdentityParts) {
  const stateFile = (name: string) => openStateFile(join(config.stateDir, name));
  const file = openCheckedFile(join(config.stateDir, IDENTITY_FILE));
  const keysFolder = join(config.stateDir, "keys");
  const credential = parts.credential?.(DEVICE_KEY);
  const { secretFile } = config.keys;
  const readSecret = () =>
    readDeviceSecret(
      {
        credential,
        secretFile: secretFile === undefined ? undefined : resolve(secretFile),
        hasKeys: existsSync(keysFolder),
        writeNew: (path, text) => openStateFile(path).write(text),
      },
      parts.chance,
    );
  const identity = (): DeviceIdentity =>
    openDeviceIdentity({
      installationId: openInstallationId(stateFile("installation-id"), parts.chance),
      file,
      keyStore: lazyKeyStore(() =>
        createKeyStore((name) => openStateFile(join(keysFolder, name)), readSecret(), parts.chance),
      ),
      clock: parts.clock,
    });
  return {
    identity,
    /** @throws HeatpoolError where keys could not be kept */
    checkSecret: () => void readSecret().fill(0),
    describe(): IdentityFacts {
      const record = readRecord(file);
      const opened = record.present === undefined ? undefined : identity();
      const certificate = opened?.certificate();
      const isSealedBySystemd = credential !== undefined && existsSync(credential);
      return {
        installationId: stateFile("installation-id").read()?.trim(),
        enrolled: record.present !== undefined,
        enrolledAt: toTime(record.present?.enrolledAtMs),
        renewedAt: toTime(record.present?.renewedAtMs),
        ...describeCertificate(certificate),
        kid: opened === undefined ? undefined : tryKid(opened),
        keysSealedBy: isSealedBySystemd
          ? "systemd credential"
          : secretFile === undefined
            ? "nothing"
            : "keys.secretFile",
        consentOnRecord: record.recordedConsent !== "",
      };
    },
  };
}

function describeCertificate(certificate: X509Certificate | undefined) {
  const time = (text: string | undefined) =>
    text === undefined ? undefined : new Date(text).toISOString();
  return {
    certificateSerial: certificate?.serialNumber,
    certificateNotBefore: time(certificate?.validFrom),
    certificateNotAfter: time(certificate?.validTo),
    issuer: certificate?.issuer,
    spkiSha256:
      certificate === undefined
        ? undefined
        : hashSpki(certificate.publicKey.export({ type: "spki", format: "der" })),
  };
}

/** The secret may be readable to the daemon alone; then a command does not know the KEM key. */
function tryKid(identity: DeviceIdentity): string | undefined {
  try {
    const { kem } = identity.keys();
    return kidOf(createPublicKey(kem).export({ type: "spki", format: "der" }));
  } catch (error) {
    if (error instanceof HeatpoolError) return undefined;
    throw error;
  }
}

/** Reads the secret when a key is wanted, and keeps it no longer than that. */
function lazyKeyStore(open: () => KeyStore): KeyStore {
  return {
    read: (name) => open().read(name),
    has: (name) => open().has(name),
    write: (name, key) => open().write(name, key),
    remove: (name) => open().remove(name),
  };
}

function toTime(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}
