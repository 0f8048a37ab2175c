/**
 * What it costs to give a model to many: grants sealed per CPU-second, and a file of 1 MiB pushed to
 * a thousand connected daemons. The daemons run on this machine too, in this process; the CPU and
 * memory that count are the backend's, a process of its own.
 *
 * Baselines: HPKE as its library comes, on WebCrypto; and the file written into a bare socket.
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { type DirectorSigner, describeDirectorKey } from "#core/envelope/dsse.js";
import { NO_NONCE } from "#core/envelope/grant.js";
import { sealGrant } from "#core/envelope/grant-seal.js";
import { toRawPublic } from "#core/envelope/key-form.js";
import { signEd25519 } from "#core/envelope/signature.js";
import { type BenchOptions, measure } from "./harness.js";
import { type CountingDaemon, connectDaemon, createDeviceKey, readPlain } from "./push-daemons.js";
import type { PushAnswer, PushOrder } from "./push-process.js";

const MIB = 1024 * 1024;
const DAEMONS = 1_000;
const SEALS = 500;
const INSTALLATIONS = 10_000;
/** Sockets that the bare baseline opens at once, as many as transfers of ours. */
const AT_ONCE = 16;
const SHORT_SHARE = 0.05;

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  await compareSealing(options);
  await comparePushing(options);
}

async function compareSealing(options: BenchOptions): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { keyId } = describeDirectorKey(publicKey);
  const sign: DirectorSigner = async (bytes) => ({
    keyId,
    signature: signEd25519(privateKey, bytes),
  });
  const device = createDeviceKey(1);
  const kem = new DhkemX25519HkdfSha256();
  const stock = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
  const recipientPublicKey = await kem.deserializePublicKey(toRawPublic(device.pair.publicKey));
  const cek = Buffer.alloc(32, 1);
  const cpuOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage();
    for (let seal = 0; seal < SEALS; seal++) await work();
    const { user, system } = process.cpuUsage(before);
    return (SEALS * 1e6) / (user + system);
  };
  let best = 0;
  await measure(
    {
      bench: "push",
      case: "grants for 10,000 installations",
      unit: "grants/CPU-s",
      better: "more",
      baseline: {
        name: "HPKE on WebCrypto alone",
        round: () =>
          cpuOf(async () => {
            await stock.seal({ recipientPublicKey, info: Buffer.alloc(66) }, cek, Buffer.alloc(56));
          }),
      },
      ours: async () => {
        const rate = await cpuOf(async () => {
          const grant = {
            installationId: device.installationId,
            kemSpki: device.spki,
            cek,
            targetPath: "aero-slm/7/model.enc",
            encSha256: "0".repeat(64),
            encLen: MIB,
            release: 7,
            catalogueVersion: 12,
            issuedAt: 1_800_000_000,
            notAfter: 1_803_888_000,
            seq: 1,
            helloNonce: NO_NONCE,
          };
          assert(await sealGrant(grant, sign, generateKeyPairSync("x25519")));
        });
        best = Math.max(best, rate);
        return rate;
      },
      also: () => ({ cpuSecondsFor10000: Math.round((100 * INSTALLATIONS) / best) / 100 }),
    },
    options,
  );
}

async function comparePushing(options: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const count = options.short ? DAEMONS * SHORT_SHARE : DAEMONS;
  const backend = await startBackend(folder, count);
  const daemons: CountingDaemon[] = [];
  try {
    for (let number = 1; number <= count; number++)
      daemons.push(await connectDaemon(backend.port, number));
    // What a thousand connections cost is not the push's.
    const { rssBytes } = await backend.ask({ order: "measure" }, "measured");
    let [rssFirst, rssMax, secondsMax] = [0, rssBytes, 0];
    await measure(
      {
        bench: "push",
        case: `1 MiB to ${count} connected daemons`,
        unit: "MiB/s",
        better: "more",
        baseline: { name: "bare sockets", round: () => sendPlain(backend.plainPort, count) },
        cpuSeconds: () => backend.cpuSeconds(),
        ours: async () => {
          const received = Promise.all(daemons.map((daemon) => daemon.receive(MIB)));
          // Heard of below, when the order is out.
          received.catch(() => undefined);
          const startMs = performance.now();
          await backend.ask({ order: "publish", bytes: MIB }, "published");
          await received;
          const seconds = (performance.now() - startMs) / 1000;
          const measured = await backend.ask({ order: "measure" }, "measured");
          if (rssFirst === 0) rssFirst = measured.rssBytes;
          rssMax = Math.max(rssMax, measured.rssBytes);
          secondsMax = Math.max(secondsMax, seconds);
          return count / seconds;
        },
        also: () => ({
          slowestSeconds: Math.round(100 * secondsMax) / 100,
          // By one push; several in a row also show how late V8 collects.
          rssGrowthMiB: toMiB(rssFirst - rssBytes),
          rssGrowthOfAllMiB: toMiB(rssMax - rssBytes),
        }),
      },
      options,
    );
  } finally {
    for (const daemon of daemons) daemon.close();
    await backend.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function toMiB(bytes: number): number {
  return Math.round((10 * bytes) / MIB) / 10;
}

async function sendPlain(port: number, count: number): Promise<number> {
  const startMs = performance.now();
  let left = count;
  const one = async () => {
    while (left-- > 0) assert((await readPlain(port)) >= 0);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return count / ((performance.now() - startMs) / 1000);
}

async function startBackend(folder: string, daemons: number) {
  const file = fileURLToPath(new URL("./push-process.ts", import.meta.url));
  const child = fork(file, [folder, String(daemons)], {
    execArgv: ["--conditions=source", "--import", "tsx"],
  });
  let cpu = 0;
  const next = async <Kind extends PushAnswer["kind"]>(kind: Kind) => {
    for (;;) {
      const [answer] = (await once(child, "message")) as [PushAnswer];
      if (answer.kind === "measured") cpu = answer.cpuSeconds;
      if (answer.kind === kind) return answer as Extract<PushAnswer, { kind: Kind }>;
    }
  };
  const { port, plainPort } = await next("listening");
  return {
    port,
    plainPort,
    cpuSeconds: () => cpu,
    ask<Kind extends PushAnswer["kind"]>(order: PushOrder, kind: Kind) {
      const answered = next(kind);
      child.send(order);
      return answered;
    },
    async stop() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
