/**
 * The authority that makes installations: a root whose key belongs in a drawer, and below it issuing
 * authorities of a year each, whose keys the backend uses. Daemons never trust it for a server.
 *
 * Files in one folder: `root.crt`, `root.key`, `issuing-<n>.crt`, `issuing-<n>.key`. Nothing that
 * exists is ever replaced.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Authority, issueAuthority, issueIssuer } from "#core/certificate/certificate.js";
import { encodePem } from "#core/certificate/der.js";
import { keyId } from "#core/certificate/extension.js";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { createIssuing, type Issuer, type Issuing } from "./issuing.js";
import { PUBLIC_MODE, SECRET_MODE, writeNewFile } from "./new-file.js";
import { newKeys, toKeyPem } from "./new-keys.js";

/** Time and chance of a command. */
interface Making {
  readonly chance: Chance;
  readonly nowMs: number;
}

/** Where the parts lie that people have to move. */
export interface DeviceAuthorityFiles {
  readonly rootCertificate: string;
  /** Belongs on paper or on a stick in a drawer, not on the backend. */
  readonly rootKey: string;
  readonly issuingCertificate: string;
  readonly issuingKey: string;
}

const DAY_MS = 86_400_000;
const CLOCK_BEHIND_MS = DAY_MS;
const ROOT_LIFE_MS = 3_650 * DAY_MS;
const ISSUING_LIFE_MS = 365 * DAY_MS;
const SERIAL_BYTES = 16;
const ISSUING_FILE = /^issuing-([1-9]\d{0,5})\.crt$/;
const MADE_BY = "Make it with `heatpool-backend ca init`.";

function filesOf(folder: string, number: number): DeviceAuthorityFiles {
  return {
    rootCertificate: join(folder, "root.crt"),
    rootKey: join(folder, "root.key"),
    issuingCertificate: join(folder, `issuing-${number}.crt`),
    issuingKey: join(folder, `issuing-${number}.key`),
  };
}

export function hasDeviceAuthority(folder: string): boolean {
  return existsSync(filesOf(folder, 1).rootCertificate);
}

/**
 * Makes a root and its first issuing authority.
 *
 * @throws HeatpoolError `STATE_INVALID` one of the files exists, or cannot be written
 */
export async function createDeviceAuthority(
  folder: string,
  making: Making,
): Promise<DeviceAuthorityFiles> {
  const files = filesOf(folder, 1);
  const keys = newKeys();
  const root = issueAuthority({
    commonName: `heatpool installations ${shortName(keys.publicKey)}`,
    privateKey: keys.privateKey,
    serial: making.chance(SERIAL_BYTES),
    validity: lifeOf(making.nowMs, ROOT_LIFE_MS),
    below: 1,
  });
  await writeNewFile(files.rootKey, toKeyPem(keys.privateKey), SECRET_MODE);
  const authority = { certificate: root, privateKey: keys.privateKey };
  await addIssuing(files, authority, making);
  // The root's certificate last: while it is missing, nothing was made.
  await writeNewFile(files.rootCertificate, encodePem("CERTIFICATE", root), PUBLIC_MODE);
  return files;
}

/**
 * Makes the next issuing authority. The one before counts for 90 more days.
 *
 * @param rootKeyFile where the root's key is right now
 * @throws HeatpoolError `CERTIFICATE_INVALID` no authority, or not its key · `STATE_INVALID`
 */
export async function rotateIssuing(
  folder: string,
  rootKeyFile: string | undefined,
  making: Making,
): Promise<DeviceAuthorityFiles> {
  const { rootCertificate, rootKey } = filesOf(folder, 1);
  const certificate = readCertificate(rootCertificate);
  const privateKey = readKey(rootKeyFile ?? rootKey);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw invalid(`${rootKeyFile ?? rootKey} is not the root's key`, "Name it with --root-key.");
  }
  const last = listIssuers(folder).at(-1)?.number ?? 0;
  const files = filesOf(folder, last + 1);
  await addIssuing(files, { certificate: certificate.raw, privateKey }, making);
  return files;
}

async function addIssuing(
  files: DeviceAuthorityFiles,
  root: Authority,
  { chance, nowMs }: Making,
): Promise<void> {
  const keys = newKeys();
  const certificate = issueIssuer(
    {
      commonName: `heatpool issuing ${shortName(keys.publicKey)}`,
      publicKey: keys.publicKey,
      serial: chance(SERIAL_BYTES),
      validity: lifeOf(nowMs, ISSUING_LIFE_MS),
    },
    root,
  );
  await writeNewFile(files.issuingKey, toKeyPem(keys.privateKey), SECRET_MODE);
  await writeNewFile(files.issuingCertificate, encodePem("CERTIFICATE", certificate), PUBLIC_MODE);
}

/** The issuing authorities, oldest first. @throws HeatpoolError `CERTIFICATE_INVALID` a damaged one */
export function listIssuers(folder: string): readonly Issuer[] {
  if (!existsSync(folder)) return [];
  return list(folder)
    .flatMap((name) => {
      const number = ISSUING_FILE.exec(name)?.[1];
      if (number === undefined) return [];
      return [{ number: Number(number), certificate: readCertificate(join(folder, name)) }];
    })
    .sort((one, other) => one.number - other.number);
}

/** The root's certificate. @throws HeatpoolError `CERTIFICATE_INVALID` there is none */
export function readRoot(folder: string): X509Certificate {
  return readCertificate(filesOf(folder, 1).rootCertificate);
}

/**
 * The newest issuing authority, ready to sign.
 *
 * @param credential where systemd put its key; left out, or not there: beside its certificate
 * @throws HeatpoolError `CERTIFICATE_INVALID` none, expired, or without its key
 */
export function openIssuing(
  folder: string,
  { chance, nowMs }: Making,
  credential?: string,
): Issuing {
  const issuers = listIssuers(folder);
  const last = issuers.at(-1);
  if (last === undefined) throw invalid(`no issuing authority in ${folder}`, MADE_BY);
  const isGiven = credential !== undefined && existsSync(credential);
  const issuingKey = isGiven ? credential : filesOf(folder, last.number).issuingKey;
  const privateKey = readKey(issuingKey);
  if (!last.certificate.checkPrivateKey(privateKey)) {
    throw invalid(`${issuingKey} is not the key of issuing-${last.number}.crt`, MADE_BY);
  }
  if (Date.parse(last.certificate.validTo) <= nowMs) {
    const hint = "Make the next one with `heatpool-backend ca rotate --root-key <file>`.";
    throw invalid(`issuing-${last.number}.crt has expired`, hint);
  }
  return createIssuing(issuers, { certificate: last.certificate.raw, privateKey }, chance);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw invalid(`cannot list ${folder}`, "It is a folder; bring it back from a backup.", cause);
  }
}

function readCertificate(path: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(path));
  } catch (cause) {
    throw invalid(`cannot read the certificate ${path}`, MADE_BY, cause);
  }
}

function readKey(path: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(path));
  } catch (cause) {
    throw invalid(`cannot read the key ${path}`, "Bring it back from its safe place.", cause);
  }
}

function shortName(key: KeyObject): string {
  return keyId(key).toString("hex").slice(0, 8);
}

function lifeOf(nowMs: number, lifeMs: number) {
  return { notBeforeMs: nowMs - CLOCK_BEHIND_MS, notAfterMs: nowMs + lifeMs };
}

function invalid(what: string, hint: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("CERTIFICATE_INVALID", what, { cause, hint });
}
