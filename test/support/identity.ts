/** Certificates of a private authority, as `ca init` makes them, for tests of TLS. */
import { readFileSync } from "node:fs";
import { createPrivateAuthority } from "../../backend/enrolment/private-authority.js";
import { createChance } from "./chance.js";
import { temporaryFolder } from "./folder.js";

/** A server's certificate, for this machine unless told, and the authority to trust. */
export async function makeIdentity(hosts: readonly string[] = ["localhost", "127.0.0.1"]) {
  const facts = { chance: createChance(7), nowMs: Date.now() };
  const files = await createPrivateAuthority(temporaryFolder(), hosts, facts);
  return {
    identity: {
      certificate: readFileSync(files.serverCertificate),
      key: readFileSync(files.serverKey),
    },
    ca: readFileSync(files.authorityCertificate),
  };
}
