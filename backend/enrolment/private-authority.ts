/**
 * A private authority for operators without a public name: made once, its certificate goes to the
 * daemons, its key stays with the operator. Nothing that exists is ever replaced.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Authority,
  issueAuthority,
  issueServerCertificate,
} from "#core/certificate/certificate.js";
import { encodePem } from "#core/certificate/der.js";
import { keyId } from "#core/certificate/extension.js";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { PUBLIC_MODE, SECRET_MODE, writeNewFile } from "./new-file.js";
import { newKeys, toKeyPem } from "./new-keys.js";

/** Where everything lies. */
export interface AuthorityFiles {
  /** For the daemons. */
  readonly authorityCertificate: string;
  readonly authorityKey: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
}

const DAY_MS = 86_400_000;
/** Clocks of daemons may be behind by this much. */
const CLOCK_BEHIND_MS = DAY_MS;
/** Replacing it means visiting every daemon. */
const AUTHORITY_LIFE_MS = 3_650 * DAY_MS;
/** Longest that current TLS clients take from a private authority. */
const SERVER_LIFE_MS = 825 * DAY_MS;
const SERIAL_BYTES = 16;

/** The names of the files in `folder`. */
function authorityFiles(folder: string): AuthorityFiles {
  return {
    authorityCertificate: join(folder, "ca.crt"),
    authorityKey: join(folder, "ca.key"),
    serverCertificate: join(folder, "server.crt"),
    serverKey: join(folder, "server.key"),
  };
}

/**
 * Makes the authority and a server's certificate for `hosts`.
 *
 * @throws HeatpoolError `STATE_INVALID` one of the files exists · `INVALID_ARGUMENT` a wrong host
 */
export async function createPrivateAuthority(
  folder: string,
  hosts: readonly string[],
  { chance, nowMs }: { chance: Chance; nowMs: number },
): Promise<AuthorityFiles> {
  const files = authorityFiles(folder);
  const present = Object.values(files).find((path) => existsSync(path));
  if (present !== undefined) {
    throw new HeatpoolError("STATE_INVALID", `${present} exists already; nothing was changed`, {
      hint: "This authority was made before. Give another --dir to make a second one.",
    });
  }
  const [authorityKeys, serverKeys] = [newKeys(), newKeys()];
  const notBeforeMs = nowMs - CLOCK_BEHIND_MS;
  const name = keyId(authorityKeys.publicKey).toString("hex").slice(0, 8);
  const certificate = issueAuthority({
    commonName: `heatpool authority ${name}`,
    privateKey: authorityKeys.privateKey,
    serial: chance(SERIAL_BYTES),
    validity: { notBeforeMs, notAfterMs: nowMs + AUTHORITY_LIFE_MS },
  });
  const authority = { certificate, privateKey: authorityKeys.privateKey };
  const server = issueServer(hosts, serverKeys.publicKey, authority, { chance, nowMs });
  await writeNewFile(files.authorityKey, toKeyPem(authorityKeys.privateKey), SECRET_MODE);
  await writeNewFile(files.serverKey, toKeyPem(serverKeys.privateKey), SECRET_MODE);
  await writeNewFile(
    files.authorityCertificate,
    encodePem("CERTIFICATE", certificate),
    PUBLIC_MODE,
  );
  await writeNewFile(files.serverCertificate, encodePem("CERTIFICATE", server), PUBLIC_MODE);
  return files;
}

/**
 * A new key and certificate for the server, into another folder.
 *
 * @throws HeatpoolError `CERTIFICATE_INVALID` no authority in `folder` · `STATE_INVALID` files exist
 */
export async function issueServerFiles(
  folder: string,
  out: string,
  hosts: readonly string[],
  making: { chance: Chance; nowMs: number },
): Promise<Pick<AuthorityFiles, "serverCertificate" | "serverKey">> {
  const { authorityCertificate, authorityKey } = authorityFiles(folder);
  const { serverCertificate, serverKey } = authorityFiles(out);
  const keys = newKeys();
  const authority = readAuthority(authorityCertificate, authorityKey);
  const certificate = issueServer(hosts, keys.publicKey, authority, making);
  await writeNewFile(serverKey, toKeyPem(keys.privateKey), SECRET_MODE);
  await writeNewFile(serverCertificate, encodePem("CERTIFICATE", certificate), PUBLIC_MODE);
  return { serverCertificate, serverKey };
}

function readAuthority(certificate: string, key: string): Authority {
  try {
    return {
      certificate: new X509Certificate(readFileSync(certificate)).raw,
      privateKey: createPrivateKey(readFileSync(key)),
    };
  } catch (cause) {
    throw new HeatpoolError("CERTIFICATE_INVALID", `cannot read ${certificate} and ${key}`, {
      cause,
      hint: "The private authority is made by `heatpool-backend ca init`.",
    });
  }
}

function issueServer(
  hosts: readonly string[],
  publicKey: KeyObject,
  authority: Authority,
  { chance, nowMs }: { chance: Chance; nowMs: number },
): Buffer {
  const validity = { notBeforeMs: nowMs - CLOCK_BEHIND_MS, notAfterMs: nowMs + SERVER_LIFE_MS };
  return issueServerCertificate(
    { hosts, publicKey, serial: chance(SERIAL_BYTES), validity },
    authority,
  );
}
