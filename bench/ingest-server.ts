/**
 * The backend of the ingest bench, in a process of its own: the real door over TLS, the real ingest
 * and the store on LevelDB. Without quotas, which are not what is measured.
 *
 * `ingest-server.ts serve <folder>` prints `{"port", "ca"}` when it listens;
 * `ingest-server.ts count <folder>` reads every block back and prints `{"snapshots", "totals"}`.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_BYTES_MAX, CODECS } from "#core/batch/limits.js";
import { issueAuthority, issueServerCertificate } from "#core/certificate/certificate.js";
import { encodePem } from "#core/certificate/der.js";
import type { Behind } from "../backend/rpc/door.js";
import type { ServerIdentity } from "../backend/rpc/listener.js";
import { runDoor } from "../backend/rpc/server.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import { clock, openRooms } from "./ingest-rooms.js";

const DAY_MS = 86_400_000;
const LOOPBACK = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

const [mode, folder = ""] = process.argv.slice(2);
const store = await openLevelSnapshotStore({ folder: join(folder, "store") });
if (mode === "count") {
  const { snapshots } = await store.count();
  console.log(JSON.stringify({ snapshots, totals: store.totals() }));
  await store.close();
} else {
  await serve((await openRooms(store)).behind);
}

async function serve(behind: Behind): Promise<void> {
  const { ca, identity } = makeIdentity();
  await runDoor(
    {
      behind,
      clock,
      version: "bench",
      descriptors: readFileSync(new URL("../proto/gen/descriptors.binpb", import.meta.url)),
      main: LOOPBACK,
      admin: LOOPBACK,
      identity,
      isKnownToken: undefined,
      limits: {
        messageBytesMax: 512 * 1024,
        streamsMax: 4,
        connectionAgeMaxMs: DAY_MS,
        keepaliveMs: 0,
      },
      rules: {
        requestBytesMax: BLOCK_BYTES_MAX,
        snapshotsMax: 2_000,
        channelsMax: 256,
        windowBatches: 8,
        windowBytes: 1024 * 1024,
        backlogBytesPerSecond: 0,
        uploadIntervalSeconds: 300,
        reconnectSpreadSeconds: 60,
        codecs: CODECS.map((one) => one.number),
        silenceMaxMs: 0,
        streamAgeMaxMs: DAY_MS,
      },
      onEvent: () => undefined,
      onBug: (bug) => console.error(bug),
      onListening: ({ main }) => console.log(JSON.stringify({ port: main, ca })),
    },
    // The bench ends it with SIGKILL.
    new AbortController().signal,
  );
}

function makeIdentity(): { ca: string; identity: ServerIdentity } {
  const newKey = () =>
    createPrivateKey(
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
        type: "pkcs8",
        format: "pem",
      }),
    );
  const validity = { notBeforeMs: clock.nowMs() - DAY_MS, notAfterMs: clock.nowMs() + DAY_MS };
  const authorityKey = newKey();
  const certificate = issueAuthority({
    commonName: "bench",
    privateKey: authorityKey,
    serial: randomBytes(16),
    validity,
  });
  const key = newKey();
  const server = issueServerCertificate(
    { hosts: ["localhost"], publicKey: createPublicKey(key), serial: randomBytes(16), validity },
    { certificate, privateKey: authorityKey },
  );
  const pem = (der: Uint8Array) => encodePem("CERTIFICATE", der);
  const keyPem = key.export({ type: "pkcs8", format: "pem" });
  const identity = { certificate: Buffer.from(pem(server)), key: Buffer.from(keyPem) };
  return { ca: pem(certificate), identity };
}
