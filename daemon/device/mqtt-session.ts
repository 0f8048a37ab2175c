/**
 * One connection to an MQTT broker, over the package `mqtt`: connect, subscribe, hand on, end.
 *
 * The package's own reconnecting is off: what was subscribed and what was missed must be known.
 */
import { readFileSync } from "node:fs";
import type { IClientOptions, MqttClient } from "mqtt";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";

/** 4 is the number of MQTT 3.1.1 on the wire. */
export type MqttVersion = 5 | 4;

/** Which broker, and as whom. */
export interface BrokerEndpoint {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Certificates to trust instead of the system's. */
  readonly caFile: string | undefined;
  readonly userFile: string | undefined;
  readonly passwordFile: string | undefined;
  readonly clientId: string;
}

/** A connection that is up. */
export interface BrokerSession {
  /** Resolves with the topics that the broker refuses. */
  subscribe(topics: readonly string[]): Promise<readonly string[]>;
  /** Resolves when the connection is gone. */
  readonly ended: Promise<void>;
  /** Ends it; resolves when the socket is closed. */
  end(): Promise<void>;
}

interface SessionOptions {
  readonly version: MqttVersion;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onMessage: (topic: string, payload: Uint8Array, isRetained: boolean) => void;
}

const KEEP_ALIVE_SECONDS = 30;
/** Small brokers read one packet into one buffer. */
const TOPICS_PER_PACKET = 64;
/** A broker that knows protocol 5 keeps larger packets to itself. */
const PACKET_BYTES_MAX = 4 * 1024 * 1024;
/** MQTT 5.0, section 3.2.2.2, and MQTT 3.1.1, table 3.1. */
const UNKNOWN_PROTOCOL = [1, 0x84];
const NOT_ALLOWED = [4, 5, 0x86, 0x87, 0x8a, 0x8c];

/**
 * Connects.
 *
 * @throws HeatpoolError `DEVICE_VIOLATION` the broker does not speak this version · others as
 *   `TopicFeed.ready`
 */
export async function connectBroker(
  endpoint: BrokerEndpoint,
  options: SessionOptions,
): Promise<BrokerSession> {
  const settings = toSettings(endpoint, options);
  const client = await createClient(settings, endpoint);
  let isOver = false;
  const ended = new Promise<void>((resolve) => {
    client.once("close", () => {
      isOver = true;
      resolve();
    });
  });
  client.on("message", (topic, payload, packet) => {
    options.onMessage(topic, payload, packet.retain);
  });
  const end = async () => {
    options.signal.removeEventListener("abort", abort);
    client.end(true);
    if (!isOver) await ended;
  };
  const abort = () => client.end(true);
  options.signal.addEventListener("abort", abort, { once: true });
  if (options.signal.aborted) abort();
  try {
    await accepted(client, endpoint, options);
  } catch (error) {
    await end();
    throw error;
  }
  return { ended, end, subscribe: (topics) => subscribe(client, topics, ended) };
}

function toSettings(endpoint: BrokerEndpoint, { version, timeoutMs }: SessionOptions) {
  const { host, port, isTls, caFile, userFile, passwordFile, clientId } = endpoint;
  const username = userFile === undefined ? undefined : readLine(userFile);
  const password = passwordFile === undefined ? undefined : readLine(passwordFile);
  const settings: IClientOptions = {
    protocol: isTls ? "mqtts" : "mqtt",
    host: host.replace(/^\[|\]$/g, ""),
    port,
    clientId,
    protocolVersion: version,
    clean: true,
    keepalive: KEEP_ALIVE_SECONDS,
    reconnectPeriod: 0,
    connectTimeout: timeoutMs,
    resubscribe: false,
    queueQoSZero: false,
  };
  if (version === 5) settings.properties = { maximumPacketSize: PACKET_BYTES_MAX };
  if (username !== undefined) settings.username = username;
  if (password !== undefined) settings.password = password;
  if (isTls) {
    settings.rejectUnauthorized = true;
    if (caFile !== undefined) settings.ca = readSecret(caFile);
  }
  return settings;
}

/** TLS settings are tried before anything is sent. */
async function createClient(settings: IClientOptions, { host, port }: BrokerEndpoint) {
  const { connect } = await import("mqtt");
  try {
    return connect(settings);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("CONFIG_INVALID", `broker ${host}:${port}: ${why}`, { cause });
  }
}

/** Resolves when the broker has accepted us. */
function accepted(
  client: MqttClient,
  { host, port }: BrokerEndpoint,
  { version, signal }: SessionOptions,
): Promise<void> {
  const where = `broker ${host}:${port}`;
  let hasSocket = false;
  client.once("packetsend", () => {
    hasSocket = true;
  });
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve());
    client.on("error", (cause) => reject(explain(cause, where)));
    client.once("close", () => {
      if (signal.aborted) reject(new HeatpoolError("DEVICE_CLOSED", "listening was stopped"));
      const isMute = hasSocket && version === 5;
      const code = isMute ? "DEVICE_VIOLATION" : "DEVICE_UNREACHABLE";
      reject(new HeatpoolError(code, `${where}: hung up before it accepted us`));
    });
  });
}

function explain(cause: Error & { readonly code?: unknown }, where: string): HeatpoolError {
  const code = typeof cause.code === "number" ? cause.code : undefined;
  if (code !== undefined && UNKNOWN_PROTOCOL.includes(code)) {
    return new HeatpoolError("DEVICE_VIOLATION", `${where}: does not speak this version of MQTT`, {
      cause,
    });
  }
  if (code !== undefined && NOT_ALLOWED.includes(code)) {
    return new HeatpoolError("DEVICE_REFUSED", `${where}: does not accept user or password`, {
      cause,
      hint: "Check userFile and passwordFile of the device's broker in heatpool.yaml.",
    });
  }
  return new HeatpoolError("DEVICE_UNREACHABLE", `${where}: ${cause.message || cause.name}`, {
    cause,
  });
}

async function subscribe(
  client: MqttClient,
  topics: readonly string[],
  ended: Promise<void>,
): Promise<readonly string[]> {
  const refused: string[] = [];
  /** `undefined`: refused as a whole, or the connection ended. */
  const ask = (some: string[]) =>
    Promise.race([client.subscribeAsync(some, { qos: 0 }).catch(() => undefined), ended]);
  for (let from = 0; from < topics.length; from += TOPICS_PER_PACKET) {
    const some = topics.slice(from, from + TOPICS_PER_PACKET);
    if ((await ask(some)) !== undefined) continue;
    // One refused topic fails its packet: ask for each alone.
    for (const topic of some) {
      if (!client.connected) return refused;
      if ((await ask([topic])) === undefined && client.connected) refused.push(topic);
    }
  }
  return refused;
}

/** The first line of a file that holds a name or a password. */
function readLine(file: string): string {
  return readSecret(file).split(/\r?\n/)[0] ?? "";
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `${file} cannot be read`, { cause });
  }
}
