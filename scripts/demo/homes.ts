/** The simulated homes enrol like real ones: a claim token each, a key, and a certificate for it. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { writeCsr } from "#core/certificate/csr.js";
import { encodePem } from "#core/certificate/der.js";
import { type ConsentRecord, encodeConsent } from "#core/enrolment/consent-record.js";
import { consentStatement, kemStatement, signStatement } from "#core/enrolment/statement.js";
import { createClaimToken } from "../../backend/enrolment/claim-tokens.js";
import { withEnrolment } from "../../daemon/uplink/enrolment-client.js";

/** @returns what the home shows from then on */
export async function enrolHome(
  folder: string,
  enrolPort: number,
  installationId: string,
  consent: ConsentRecord,
): Promise<{ certificate: string; key: string }> {
  const claims = join(folder, "backend/claim-tokens");
  const claimToken = await createClaimToken(claims, "demo", (count) => randomBytes(count));
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kemSpki = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" });
  const consentRecord = encodeConsent(consent);
  const endpoint = {
    address: `localhost:${enrolPort}`,
    caFile: join(folder, "backend/tls/ca.crt"),
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: false,
  } as const;
  const enrol = () =>
    withEnrolment(endpoint, (port) =>
      port.enrol({
        csr: writeCsr(installationId, privateKey),
        kemSpki,
        kemSignature: signStatement(kemStatement(installationId, kemSpki), privateKey),
        consentRecord,
        consentSignature: signStatement(consentStatement(consentRecord), privateKey),
        claimToken,
      }),
    );
  const { chain } = await enrol();
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { certificate: chain.map((one) => encodePem("CERTIFICATE", one)).join(""), key };
}
