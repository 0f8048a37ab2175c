/**
 * This machine's identity: the keys that count and the certificate for them.
 *
 * New keys are on disk before anybody hears of them, and they count only when their certificate is
 * on disk too; so a power cut or a lost answer leaves the old identity or the new one, never neither,
 * and what was asked once is asked again with the same keys.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { encodePem } from "#core/certificate/der.js";
import {
  parseCertificate,
  readInstallationCertificate,
} from "#core/certificate/installation-certificate.js";
import type { Clock } from "#core/clock.js";
import { kidOf } from "#core/envelope/key-agreement.js";
import { HeatpoolError } from "#core/errors.js";
import {
  type ConsentProof,
  type IdentityRecord,
  type KeyNames,
  type RecordFile,
  readRecord,
  writeRecord,
} from "./identity-record.js";
import type { KeyStore } from "./key-store.js";

/** Keys that wait for a certificate, or have one. */
export interface DeviceKeys {
  readonly names: KeyNames;
  readonly tls: KeyObject;
  readonly kem: KeyObject;
  /** Public half of the KEM key, 44 bytes. */
  readonly kemSpki: Buffer;
  /** Its name: SHA-256 of it, lower-case hex. */
  readonly kid: string;
}

/** The identity. Every call looks at the disk: a command and the daemon share it. */
export interface DeviceIdentity {
  readonly installationId: string;
  record(): IdentityRecord;
  /** The certificate that counts; `undefined`: not enrolled. */
  certificate(): X509Certificate | undefined;
  /** The keys that count. @throws HeatpoolError `UNAUTHENTICATED` not enrolled · `STATE_INVALID` */
  keys(): DeviceKeys;
  /**
   * The private KEM key of that name, the present one or one before it: what was sealed to it may
   * still be on its way. `undefined`: none of ours.
   */
  kemKey(kid: string): KeyObject | undefined;
  /** Keys to be certified next: those of an unanswered question, or new ones. */
  prepare(): DeviceKeys;
  /** Takes a certificate for `keys`. @throws HeatpoolError `PROTOCOL` it is not for them */
  adopt(keys: DeviceKeys, chain: readonly Uint8Array[]): void;
  /** Notes what the backend has. */
  noteConsent(proof: ConsentProof): void;
  noteWithdrawal(): void;
}

const DAY_MS = 86_400_000;
/** A KEM key is replaced after a year. */
const KEM_LIFE_MS = 365 * DAY_MS;
const PROOFS_MAX = 64;

export function openDeviceIdentity(deps: {
  readonly installationId: string;
  readonly file: RecordFile;
  readonly keyStore: KeyStore;
  readonly clock: Pick<Clock, "nowMs">;
}): DeviceIdentity {
  const { installationId, file, keyStore, clock } = deps;
  const record = () => {
    const known = readRecord(file);
    checkOwn(installationId, file, known);
    return known;
  };
  const load = (names: KeyNames): DeviceKeys => {
    const kem = keyStore.read(names.kem);
    const kemSpki = createPublicKey(kem).export({ type: "spki", format: "der" });
    return { names, tls: keyStore.read(names.tls), kem, kemSpki, kid: kidOf(kemSpki) };
  };
  return {
    installationId,
    record,
    certificate() {
      const pem = record().present?.certificate;
      return pem === undefined ? undefined : new X509Certificate(pem);
    },
    keys() {
      const { present } = record();
      if (present !== undefined) return load(present.keys);
      throw new HeatpoolError("UNAUTHENTICATED", "this installation is not enrolled", {
        hint: "Run `heatpool enrol`.",
      });
    },
    kemKey(kid) {
      for (const name of Object.keys(record().kemMadeAtMs)) {
        const key = keyStore.read(name);
        const spki = createPublicKey(key).export({ type: "spki", format: "der" });
        if (kidOf(spki) === kid) return key;
      }
      return undefined;
    },
    prepare() {
      const known = record();
      if (known.pending !== undefined) return load(known.pending);
      const kemName = known.present?.keys.kem;
      const kemMadeAtMs = kemName === undefined ? 0 : (known.kemMadeAtMs[kemName] ?? 0);
      const mayKeep = clock.nowMs() - kemMadeAtMs < KEM_LIFE_MS;
      const next = (kind: "tls" | "kem", present: string | undefined) =>
        nextName(kind, present, keyStore.has);
      const names = {
        tls: next("tls", known.present?.keys.tls),
        kem: kemName !== undefined && mayKeep ? kemName : next("kem", kemName),
      };
      keyStore.write(names.tls, generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
      if (names.kem !== kemName) {
        keyStore.write(names.kem, generateKeyPairSync("x25519").privateKey);
      }
      const made = { [names.kem]: clock.nowMs(), ...known.kemMadeAtMs };
      writeRecord(file, { ...known, pending: names, kemMadeAtMs: made });
      return load(names);
    },
    adopt(keys, chain) {
      checkChain(installationId, keys, chain);
      const { pending: _, present, ...known } = record();
      const nowMs = clock.nowMs();
      const enrolledAtMs = present?.enrolledAtMs ?? nowMs;
      const certificate = chain.map((one) => encodePem("CERTIFICATE", one)).join("");
      const next = { keys: keys.names, certificate, enrolledAtMs, renewedAtMs: nowMs };
      writeRecord(file, { ...known, present: next });
      if (present === undefined) return;
      // The old KEM key stays: grants sealed to it may still be on their way.
      keyStore.remove(present.keys.tls);
    },
    noteConsent(proof) {
      const known = record();
      const proofs = [...known.proofs, proof].slice(-PROOFS_MAX);
      writeRecord(file, { ...known, recordedConsent: proof.record, proofs });
    },
    noteWithdrawal() {
      writeRecord(file, { ...record(), recordedConsent: "" });
    },
  };
}

/** What the backend gave has to be for this installation and these keys. */
function checkChain(
  installationId: string,
  { tls }: DeviceKeys,
  chain: readonly Uint8Array[],
): void {
  let isGood = false;
  try {
    const [leaf, issuer] = chain.map(parseCertificate);
    isGood =
      leaf !== undefined &&
      issuer !== undefined &&
      leaf.checkPrivateKey(tls) &&
      leaf.checkIssued(issuer) &&
      leaf.verify(issuer.publicKey) &&
      readInstallationCertificate(leaf)?.installationId === installationId;
  } catch (cause) {
    throw new HeatpoolError("PROTOCOL", "the backend sent no certificate", { cause });
  }
  if (!isGood) throw new HeatpoolError("PROTOCOL", "the certificate is not for this machine's key");
}

/** @throws HeatpoolError `STATE_INVALID` the id in its own file became another one */
function checkOwn(installationId: string, file: RecordFile, { present }: IdentityRecord): void {
  if (present === undefined) return;
  const shown = readInstallationCertificate(new X509Certificate(present.certificate));
  if (shown?.installationId === installationId) return;
  const what = `${file.path} and installation-id beside it are not of one installation`;
  throw new HeatpoolError("STATE_INVALID", what, {
    hint: "Nothing is sent. Put back a copy of installation-id: the certificate names the right id.",
  });
}

/**
 * `tls-1`, `tls-2`, …: never a name again, so that no file is written over, also where the record
 * that named it is lost.
 */
function nextName(
  kind: "tls" | "kem",
  present: string | undefined,
  isTaken: (name: string) => boolean,
): string {
  let number = Number(/-(\d+)$/.exec(present ?? "")?.[1] ?? 0);
  do number += 1;
  while (isTaken(`${kind}-${number}`));
  return `${kind}-${number}`;
}
