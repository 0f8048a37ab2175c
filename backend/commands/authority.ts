/** `heatpool-backend ca init`: a private authority, a server certificate and a first claim token. */
import { join, resolve } from "node:path";
import { createClaimToken } from "../enrolment/claim-tokens.js";
import { SECRET_MODE, writeNewFile } from "../enrolment/new-file.js";
import { createPrivateAuthority } from "../enrolment/private-authority.js";
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
  const hosts = [...new Set([...options.host, ...OWN_HOSTS])];
  const { chance, clock, print } = machine;
  const files = await createPrivateAuthority(folder, hosts, { chance, nowMs: clock.nowMs() });
  const token = await createClaimToken(places.claimTokensFile, "made by ca init", chance);
  const claimTokenFile = join(folder, "claim-token");
  await writeNewFile(claimTokenFile, `${token}\n`, SECRET_MODE);
  if (options.json) {
    print(JSON.stringify({ ...files, claimTokenFile, hosts }));
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
    `  ${claimTokenFile}  as claimTokenFile (keep it secret)`,
    "Keep to yourself, with a copy in a safe place:",
    `  ${files.authorityKey}`,
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
