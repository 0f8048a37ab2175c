/**
 * Shape of `/etc/heatpool/heatpool.yaml`: the one place where settings of the daemon are named,
 * limited and explained. From it come the type, the check and the JSON Schema for editors.
 *
 * Secrets are paths, never values. Unknown keys are faults, so that a misspelt one is not ignored.
 */
import { z } from "zod";
import { readYaml } from "#core/schema/read-yaml.js";
import { homeSchema } from "./home/home-schema.js";
import { notifySchema } from "./notify/channel-schema.js";

/** More heat pumps than a house has; each costs memory. */
const DEVICES_MAX = 16;
const PATH = z.string().min(1).max(4096);
const PROFILE_NAME = /^[a-z0-9][a-z0-9.-]*\/[a-z0-9][a-z0-9.-]*$/;
/** A host name, an IPv4 address or an IPv6 address in brackets. */
const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)$/;

/** A value of a profile's parameter; YAML tells 2 from "2", profiles do not. */
const scalar = z.union([z.string().max(64), z.number(), z.boolean()]);

const TCP_PORT = z.int().min(1).max(65535);

const brokerSchema = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^mqtts?:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/,
        "mqtt://host:port or mqtts://host:port, without user and password",
      )
      .optional()
      .describe("Instead of host, port and tls"),
    host: z.string().regex(HOST, "a host name or address").optional(),
    port: TCP_PORT.optional().describe("1883, or 8883 with TLS, unless the profile says otherwise"),
    tls: z.boolean().default(false).describe("Talk to the broker by TLS"),
    caFile: PATH.optional().describe("Certificates to trust instead of the system's (PEM)"),
    userFile: PATH.optional().describe("File with the name of an account that may only read"),
    passwordFile: PATH.optional().describe("File with its password"),
  })
  .refine((broker) => (broker.url === undefined) !== (broker.host === undefined), {
    error: "needs url, or host",
  })
  .refine((broker) => broker.url === undefined || (broker.port === undefined && !broker.tls), {
    error: "url says port and TLS already",
  })
  .refine((broker) => broker.passwordFile === undefined || broker.userFile !== undefined, {
    error: "a password needs a user",
  });

const deviceShape = z.strictObject({
  deviceId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a-z, 0-9 and -, at most 32 characters")
    .default("heatpump")
    .describe("Name of the heat pump within this house; does not change what is measured"),
  host: z
    .string()
    .regex(HOST, "a host name or address")
    .optional()
    .describe("Address of the Modbus TCP server"),
  port: TCP_PORT.optional().describe(
    "TCP port of the Modbus server, where it differs from the profile's",
  ),
  unitId: z
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe("Unit identifier, where it differs from the profile's"),
  broker: brokerSchema
    .optional()
    .describe("MQTT broker of the gateway, for profiles with transport: mqtt; instead of host"),
  profile: z
    .string()
    .regex(PROFILE_NAME, "brand/model")
    .describe("Profile that reads it, e.g. idm/navigator-2.0; see `heatpool profile list`"),
  parameters: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/), z.union([scalar, z.array(scalar)]))
    .default({})
    .transform((given) =>
      Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, [value].flat().map(String)]),
      ),
    )
    .describe("What the profile asks for about this house: see `heatpool profile show`"),
  pollIntervalSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe("Seconds between two polls; a profile may ask for more"),
  heatpumpModel: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe("Model by which the community compares, where it differs from the profile's"),
});

const deviceSchema = deviceShape.check((context) => {
  const { broker, host, port, unitId } = context.value;
  const fault = (key: string, message: string) =>
    context.issues.push({ code: "custom", input: context.value, path: [key], message });
  if (broker === undefined && host === undefined) {
    fault("host", "needs the host of a Modbus server, or an MQTT broker");
  }
  for (const [key, value] of Object.entries({ host, port, unitId })) {
    if (broker !== undefined && value !== undefined) {
      fault(key, "belongs to Modbus; this device has a broker");
    }
  }
});

/** A name or an address, and a port. */
export const BACKEND_ADDRESS =
  /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?):\d{1,5}$/;
const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[::1\]):\d+$/;

const backendShape = z.strictObject({
  url: z
    .string()
    .regex(BACKEND_ADDRESS, "host:port")
    .describe("Where the backend listens, as host:port"),
  caFile: PATH.optional().describe("Certificates to trust instead of the system's (PEM)"),
  tlsMinVersion: z
    .enum(["1.2", "1.3"])
    .default("1.3")
    .describe("Least version of TLS; 1.2 only for an operator who needs it"),
  enrolUrl: z
    .string()
    .regex(BACKEND_ADDRESS, "host:port")
    .optional()
    .describe("Where the backend takes installations in; left out: the same host, port 7445"),
  identity: z
    .enum(["certificate", "token"])
    .default("certificate")
    .describe(
      "certificate: this machine shows the certificate that it enrolled for; token: the claim token stands for it, for trials on one machine only",
    ),
  claimTokenFile: PATH.optional().describe(
    "File with the token that the operator gave out, good for one `heatpool enrol`",
  ),
  insecureLoopback: z
    .boolean()
    .default(false)
    .describe("Plain text to a backend on this machine, for trials"),
  rootFile: PATH.optional().describe(
    "The operator's 1.root.json, by which models are trusted; left out: no models",
  ),
});

const backendSchema = backendShape.refine(
  ({ identity, url }) => identity === "certificate" || LOOPBACK.test(url),
  { error: "identity: token is for a backend on this machine", path: ["identity"] },
);

const keysSchema = z.strictObject({
  secretFile: PATH.optional().describe(
    "Secret under which this machine's keys are kept, made the first time with mode 0600, where systemd gives no credential device-key",
  ),
});

const uplinkSchema = z.strictObject({
  profile: z
    .enum(["economy", "live"])
    .default("economy")
    .describe("economy: hourly, few bytes; live: every few minutes, connection kept warm"),
  intervalSeconds: z
    .int()
    .min(1)
    .max(43_200)
    .optional()
    .describe("Seconds between two batches, whatever the profile; for trials"),
});

const backlogSchema = z.strictObject({
  limitMiB: z
    .int()
    .min(4)
    .max(65_536)
    .default(64)
    .describe("Greatest size on disk of what waits to be sent"),
  commitIntervalSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(30)
    .describe(
      "Seconds of readings that a power cut may cost, from 0 (none) to an hour; less wears the card more",
    ),
  evict: z
    .enum(["drop-oldest", "thin-oldest", "drop-newest"])
    .default("drop-oldest")
    .describe(
      "What goes when the limit is reached: the oldest, every second snapshot of the oldest, or new ones",
    ),
});

const historySchema = z.strictObject({
  limitMiB: z
    .int()
    .min(0)
    .max(65_536)
    .default(64)
    .describe("Greatest size of the house's own history; the oldest days go; 0: none is kept"),
  commitIntervalSeconds: z
    .int()
    .min(10)
    .max(3600)
    .default(300)
    .describe("Seconds of history that a power cut may cost; less wears the card more"),
});

/** The machine itself; nobody else reaches it. */
const OWN_ADDRESS = /^(127(\.\d{1,3}){3}|\[?::1\]?|localhost)$/;

const localSchema = z
  .strictObject({
    host: z
      .string()
      .regex(/^(\[?[0-9a-fA-F:.]+\]?|localhost)$/, "an address of this machine")
      .default("127.0.0.1")
      .describe("Where the page listens; beyond this machine only with a token file"),
    port: z.int().min(0).max(65_535).default(8480).describe("Its TCP port; 0: any free one"),
    tokenFile: PATH.optional().describe("File with the token that every question then needs"),
    hostNames: z
      .array(z.string().regex(HOST, "a host name"))
      .max(8)
      .default([])
      .describe("Names by which the page may be called, beside addresses and localhost"),
  })
  .refine((local) => OWN_ADDRESS.test(local.host) || local.tokenFile !== undefined, {
    path: ["tokenFile"],
    error: "a page that others can reach needs a token file",
  });

/** Shape of the file. */
export const configSchema = z
  .strictObject({
    devices: z.array(deviceSchema).min(1).max(DEVICES_MAX).describe("The heat pumps to read"),
    backend: backendSchema
      .optional()
      .describe("Left out: nothing is shared, whatever was agreed to"),
    keys: keysSchema.prefault({}).describe("How this machine's keys are kept"),
    uplink: uplinkSchema.prefault({}).describe("How often data are sent"),
    backlog: backlogSchema.prefault({}).describe("What waits on disk until the backend has it"),
    history: historySchema.prefault({}).describe("The house's own values, never sent"),
    local: localSchema
      .optional()
      .describe("The page in the house, and its API; left out: nothing listens"),
    notify: notifySchema.prefault({}).describe("How you are told, and of what"),
    homeAssistant: homeSchema(brokerSchema)
      .optional()
      .describe("Readings for Home Assistant over MQTT, within the house; left out: none"),
    stateDir: PATH.default("/var/lib/heatpool").describe("Where the daemon keeps its state"),
    cacheDir: PATH.default("/var/cache/heatpool").describe(
      "Where sealed model files lie; may be emptied at any time",
    ),
    runtimeDir: PATH.default("/run/heatpool").describe("Where the control socket lives"),
    profileDirs: z
      .array(PATH)
      .max(8)
      .default(["/etc/heatpool/profiles"])
      .describe("Folders with own profiles; they go before the ones that come with heatpool"),
    language: z.enum(["de", "en"]).default("en").describe("Language of what the programs say"),
    logLevel: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("Least important event that is logged"),
  })
  .check((context) => {
    const seen = new Set<string>();
    for (const [index, { deviceId }] of context.value.devices.entries()) {
      if (seen.has(deviceId)) {
        context.issues.push({
          code: "custom",
          input: deviceId,
          path: ["devices", index, "deviceId"],
          message: `${deviceId} names two devices`,
        });
      }
      seen.add(deviceId);
    }
  });

/** A checked configuration. */
export type Config = z.output<typeof configSchema>;
export type DeviceConfig = z.output<typeof deviceSchema>;

/** @throws HeatpoolError `CONFIG_INVALID`, naming every faulty line */
export function parseConfig(text: string, name = "heatpool.yaml"): Config {
  return readYaml(text, configSchema, { name, code: "CONFIG_INVALID" });
}
