/**
 * `heatpool-backend ca init|issue|list|rotate|show`: the authority of the server, the authority of the
 * installations, and a first claim token. Nothing that exists is ever replaced.
 */
import type { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { createClaimToken } from "../enrolment/claim-tokens.js";
import {
  createDeviceAuthority,
  type DeviceAuthorityFiles,
  hasDeviceAuthority,
  listIssuers,
  readRoot,
  rotateIssuing,
} from "../enrolment/device-authority.js";
import { SECRET_MODE, writeNewFile } from "../enrolment/new-file.js";
import { createPrivateAuthority, issueServerFiles } from "../enrolment/private-authority.js";
import { makeStoreKey } from "../host/store-key.js";
import { loadConfig, type Machine } from "./machine.js";

/** Under these the backend is always reached from its own machine. */
const OWN_HOSTS = ["localhost", "127.0.0.1", "::1"];

/** What the command was given. */
export interface AuthorityOptions {
  readonly config: string;
  readonly dir?: string;
  readonly host: readonly string[];
  readonly json?: boolean;
}

/** @throws HeatpoolError `STATE_INVALID` something exists already · `INVALID_ARGUMENT` a host */
export async function initAuthority(machine: Machine, options: AuthorityOptions): Promise<void> {
  const { places } = loadConfig(options.config);
  const folder = resolve(options.dir ?? places.tlsDir);
  const { chance, clock, print } = machine;
  const making = { chance, nowMs: clock.nowMs() };
  const hasDevices = hasDeviceAuthority(places.devicesDir);
  const hasServer = options.dir === undefined && existsSync(join(folder, "ca.key"));
  if (hasServer && !hasDevices) {
    // Made by an earlier version, which had no authority for installations.
    const devices = await createDeviceAuthority(places.devicesDir, making);
    await makeStoreKey(places.storeKeyFile, chance);
    if (options.json) print(JSON.stringify(devices));
    else for (const line of describeDevices(devices)) print(line);
    return;
  }
  const hosts = [...new Set([...options.host, ...OWN_HOSTS])];
  const files = await createPrivateAuthority(folder, hosts, making);
  const devices = hasDevices ? undefined : await createDeviceAuthority(places.devicesDir, making);
  await makeStoreKey(places.storeKeyFile, chance);
  const token = await createClaimToken(places.claimTokensFile, "made by ca init", chance);
  const claimTokenFile = join(folder, "claim-token");
  await writeNewFile(claimTokenFile, `${token}\n`, SECRET_MODE);
  if (options.json) {
    print(JSON.stringify({ ...files, claimTokenFile, hosts, ...devices }));
    return;
  }
  const isElsewhere = folder !== places.tlsDir;
  const lines = [
    `Made a private authority in ${folder}, good for ten years, and a certificate for`,
    `  ${hosts.join(", ")}`,
    ...(options.host.length === 0
      ? ["Daemons on other machines need a name or address: make another with --host <name>."]
      : []),
    "",
    "Copy to every daemon, and name in its heatpool.yaml under backend:",
    `  ${files.authorityCertificate}  as caFile`,
    "To one of them, for one `heatpool enrol` (more: heatpool-backend token create --claim):",
    `  ${claimTokenFile}  as claimTokenFile (keep it secret)`,
    "Keep to yourself, with a copy in a safe place:",
    `  ${files.authorityKey}`,
    ...(devices === undefined ? [] : describeDevices(devices)),
    ...(isElsewhere
      ? [
          "",
          `Name in ${options.config} under tls:`,
          `  certificateFile: ${files.serverCertificate}`,
          `  keyFile: ${files.serverKey}`,
          `  caFile: ${files.authorityCertificate}`,
        ]
      : []),
    "",
    `Then: heatpool-backend serve --config ${options.config}`,
  ];
  for (const line of lines) print(line);
}

function describeDevices({ rootKey, issuingKey }: DeviceAuthorityFiles): string[] {
  return [
    "",
    "Made the authority of the installations. Move its root key away from this machine, to a stick",
    "in a drawer; it is needed once a year, for `heatpool-backend ca rotate --root-key <file>`:",
    `  ${rootKey}`,
    "The backend itself works with:",
    `  ${issuingKey}`,
  ];
}

/** A new certificate for the server, from the private authority. */
export async function issueServer(
  machine: Machine,
  options: AuthorityOptions & { readonly out: string },
): Promise<void> {
  const { places } = loadConfig(options.config);
  const folder = resolve(options.dir ?? places.tlsDir);
  const hosts = [...new Set([...options.host, ...OWN_HOSTS])];
  const making = { chance: machine.chance, nowMs: machine.clock.nowMs() };
  const files = await issueServerFiles(folder, resolve(options.out), hosts, making);
  if (options.json) return machine.print(JSON.stringify({ ...files, hosts }));
  machine.print(`Made a certificate for ${hosts.join(", ")}:`);
  machine.print(`  ${files.serverCertificate}`);
  machine.print(`  ${files.serverKey}`);
  machine.print("Name both under tls, or put them in the place of the old ones, and restart.");
}

/** The next issuing authority. */
export async function rotateAuthority(
  machine: Machine,
  options: { config: string; rootKey?: string; json?: boolean },
): Promise<void> {
  const { places } = loadConfig(options.config);
  const making = { chance: machine.chance, nowMs: machine.clock.nowMs() };
  const files = await rotateIssuing(places.devicesDir, options.rootKey, making);
  if (options.json) return machine.print(JSON.stringify(files));
  machine.print(`Made ${files.issuingCertificate}. Restart the backend: it signs from then on.`);
  machine.print("What the one before signed counts for 90 more days.");
}

/** The authorities of the installations. */
export async function listAuthorities(
  machine: Machine,
  options: { config: string; json?: boolean },
): Promise<void> {
  const { places } = loadConfig(options.config);
  const all = describeAuthorities(places.devicesDir, machine.clock.nowMs());
  if (options.json) return machine.print(JSON.stringify(all));
  for (const one of all) {
    const times = `${one.notBefore.slice(0, 10)} to ${one.notAfter.slice(0, 10)}`;
    machine.print(`${one.name.padEnd(12)}  ${times}  ${one.use.padEnd(8)}  ${one.serial}`);
  }
}

/** One authority's certificate as PEM; unless told, the newest issuing one. */
export async function showAuthority(
  machine: Machine,
  name: string | undefined,
  options: { config: string; json?: boolean },
): Promise<void> {
  const { places } = loadConfig(options.config);
  const all = describeAuthorities(places.devicesDir, machine.clock.nowMs());
  const found = name === undefined ? all.at(-1) : all.find((one) => one.name === name);
  if (found === undefined) {
    throw new HeatpoolError("NOT_FOUND", `no authority ${name ?? ""}`, {
      hint: "`heatpool-backend ca list` names those that are there.",
    });
  }
  if (options.json) return machine.print(JSON.stringify(found));
  machine.print(`${found.name}: ${found.subject}, ${found.use}`);
  machine.print(`${found.notBefore} to ${found.notAfter}, SHA-256 ${found.fingerprint}`);
  machine.print(found.pem.trimEnd());
}

function describeAuthorities(folder: string, nowMs: number) {
  const issuers = listIssuers(folder);
  if (issuers.length === 0 && !hasDeviceAuthority(folder)) {
    throw new HeatpoolError("CERTIFICATE_INVALID", `no authority in ${folder}`, {
      hint: "Make it with `heatpool-backend ca init`.",
    });
  }
  const newest = issuers.at(-1)?.number;
  const describe = (name: string, certificate: X509Certificate, use: string) => ({
    name,
    use: Date.parse(certificate.validTo) <= nowMs ? "expired" : use,
    subject: certificate.subject,
    serial: certificate.serialNumber,
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    fingerprint: certificate.fingerprint256,
    pem: certificate.toString(),
  });
  return [
    describe("root", readRoot(folder), "root"),
    ...issuers.map(({ number, certificate }) =>
      describe(`issuing-${number}`, certificate, number === newest ? "signs" : "replaced"),
    ),
  ];
}
