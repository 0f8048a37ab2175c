/** A daemon's identity in a temporary folder. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDeviceIdentity } from "../../daemon/enrolment/device-identity.js";
import type { EnrolmentPort } from "../../daemon/enrolment/enrolment.js";
import { createKeyStore } from "../../daemon/enrolment/key-store.js";
import { openCheckedFile, openStateFile } from "../../daemon/host/state-file.js";
import { createChance } from "./chance.js";
import { temporaryFolder } from "./folder.js";
import { makeIdentities } from "./identity-bed.js";

export const DEVICE_ID = "550e8400-e29b-41d4-a716-446655440000";

/** @param folder left out: a new one */
export function openDevice(
  clock: { nowMs(): number },
  folder = temporaryFolder(),
  secret = Buffer.alloc(32, 5),
) {
  const chance = createChance(9);
  const file = openCheckedFile(join(folder, "identity.json"));
  const keyFile = (name: string) => openStateFile(join(folder, "keys", name));
  const keyStore = createKeyStore(keyFile, secret, chance);
  const identity = openDeviceIdentity({ installationId: DEVICE_ID, file, keyStore, clock });
  const hasKey = (name: string) => existsSync(keyFile(name).path);
  return { identity, folder, file, keyStore, keyFile, hasKey };
}

/** A backend that takes installations in, and a port to it that answers in this process. */
export async function directPort() {
  const bed = await makeIdentities();
  const port: EnrolmentPort = {
    challenge: async () => bed.enrolment.challenge(),
    enrol: ({ consentRecord: record, consentSignature: signature, ...rest }) =>
      bed.enrolment.enrol({ ...rest, consent: { record, signature } }),
    renew: (request) => bed.enrolment.renew(request),
  };
  return { bed, port };
}
