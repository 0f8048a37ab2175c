/** The limits that the public listeners keep when the operator has set none. */
import { describe, expect, it } from "vitest";
import { CHANNELS_MAX } from "#core/batch/channel-table.js";
import { CELLS_MAX, PLAIN_BYTES_MAX, ROWS_MAX } from "#core/batch/limits.js";
import { toLimits, toRules } from "../../../backend/assembly/open-door.js";
import { parseConfig } from "../../../backend/config.js";
import { QUOTA_DEFAULTS } from "../../../backend/ingest/quota.js";
import { FRONT_LIMITS } from "../../../backend/rpc/front-door.js";
import { toOptions } from "../../../backend/rpc/listener.js";
import { MESSAGE_MAX_MS } from "../../../backend/rpc/message-pace.js";

const KIB = 1024;
const HOUR_MS = 3_600_000;
const config = parseConfig("");

describe("without settings", () => {
  it("a listener has 512 KiB for a message, four calls a connection and 16 MB a session", () => {
    expect(toOptions(toLimits(config))).toEqual({
      "grpc.max_receive_message_length": 512 * KIB,
      "grpc.max_send_message_length": 512 * KIB,
      "grpc.max_concurrent_streams": 4,
      "grpc.max_connection_age_ms": 30 * HOUR_MS,
      "grpc.max_connection_age_grace_ms": 60_000,
      "grpc.max_connection_idle_ms": 300_000,
      "grpc-node.max_session_memory": 16,
      "grpc.enable_channelz": 0,
    });
  });

  it("silent connections are pinged when that is set, and cut 20 s later", () => {
    const live = parseConfig("main: { keepaliveSeconds: 60 }");
    expect(toOptions(toLimits(live))).toMatchObject({
      "grpc.keepalive_time_ms": 60_000,
      "grpc.keepalive_timeout_ms": 20_000,
    });
  });

  it("a network has 64 connections, an installation two", () => {
    const front = { ...FRONT_LIMITS, ...toLimits(config).front };
    expect(front.socketsPerPrefixMax).toBe(64);
    expect(front.perInstallation.connectionsMax).toBe(2);
  });

  it("there are 5 s for a first byte, 10 s for TLS and 30 s for a message", () => {
    expect(FRONT_LIMITS).toMatchObject({ firstByteMs: 5_000, handshakeMs: 10_000 });
    expect(MESSAGE_MAX_MS).toBe(30_000);
  });

  it("strangers begin 8 handshakes a second, and what waits is bounded", () => {
    expect(FRONT_LIMITS).toMatchObject({
      newPerPrefix: { burst: 128, perSecond: 4 },
      handshakesMax: 512,
      handshakes: { turnMs: 1, waitingMax: 2_048, pieces: { burst: 16, perSecond: 8 } },
      newcomers: { turnMs: 1, waitingMax: 4_096 },
      perInstallation: { usual: { burst: 4, perSecond: 1 / 30 } },
    });
  });

  it("a batch has 2,000 rows, 256 channels and 8 MiB, and a stream a window", () => {
    expect([ROWS_MAX, CHANNELS_MAX, CELLS_MAX]).toEqual([2_000, 256, 256_000]);
    expect(PLAIN_BYTES_MAX).toBe(8 * KIB * KIB);
    expect(toRules(config)).toMatchObject({
      requestBytesMax: 512 * KIB,
      snapshotsMax: 2_000,
      channelsMax: 256,
      windowBatches: 8,
      windowBytes: KIB * KIB,
    });
  });

  it("an installation has 2 batches a second, 60 at once, 600,000 snapshots and 256 MiB a day", () => {
    expect(config.quota).toEqual({
      batchesPerSecond: 2,
      batchesBurst: 60,
      snapshotsPerDay: 600_000,
      MiBPerDay: 256,
    });
    expect(QUOTA_DEFAULTS).toEqual({
      batchesPerSecond: 2,
      batchesBurst: 60,
      snapshotsPerDay: 600_000,
      bytesPerDay: 256 * KIB * KIB,
    });
  });

  it("networks enrol five times an hour, all of them a thousand times", () => {
    expect(config.enrol).toMatchObject({ callsPerPrefixPerHour: 5, callsPerHour: 1_000 });
  });
});
