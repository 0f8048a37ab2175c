/**
 * Shape of `/etc/heatpool/backend.yaml`: the one place where settings of the backend are named,
 * limited and explained. From it come the type, the check and the JSON Schema for editors.
 *
 * Secrets are paths, never values. Unknown keys are faults, so that a misspelt one is not ignored.
 */
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { HeatpoolError } from "#core/errors.js";
import { readYaml } from "#core/schema/read-yaml.js";
import { isAddressOrNetwork } from "./http/client-address.js";

const PATH = z.string().min(1).max(4096);
const PORT = z.int().min(0).max(65535);
/** An address to listen on; names would leave the choice to a resolver. */
const HOST = /^(localhost|\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

const mainSchema = z.strictObject({
  host: z
    .string()
    .regex(HOST, "an address of this machine")
    .default("::")
    .describe("Address on which daemons are awaited; :: is every one, IPv4 too"),
  port: PORT.default(7443).describe("TCP port; 0: any free one"),
  keepaliveSeconds: z
    .int()
    .min(0)
    .max(7200)
    .default(0)
    .describe("Ping connections that are silent for this long; 0: never, as each ping costs bytes"),
  connectionAgeHours: z
    .int()
    .min(1)
    .max(168)
    .default(24)
    .describe("Daemons are asked to connect anew after this time, give or take a tenth"),
  socketsPerPrefix: z
    .int()
    .min(0)
    .max(100_000)
    .default(64)
    .describe("Connections at once from one /24 (IPv6: /56); 0: no limit, behind a TCP proxy"),
  silenceSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe("End streams that say nothing for this long; 0: not before their age"),
});

const adminSchema = z.strictObject({
  port: PORT.optional().describe(
    "Loopback TCP port for operators' tools; left out: a unix socket in runtimeDir",
  ),
});

const httpSchema = z.strictObject({
  host: z
    .string()
    .regex(HOST, "an address of this machine")
    .default("::")
    .describe("Address on which clients of the HTTP contract are awaited"),
  port: PORT.default(8443).describe("TCP port; 0: any free one"),
  tokensFile: PATH.optional().describe(
    "SHA-256 of the bearer tokens, one a line; left out: http-tokens in stateDir",
  ),
  legacyKeyFile: PATH.optional().describe(
    "Fernet key (44 characters, mode 0600) under which earlier clients get models; left out: they get none",
  ),
  publicPerMinute: z
    .int()
    .min(0)
    .max(100_000)
    .default(60)
    .describe("Answers without a token to one /24 (IPv6: /56); 0: no limit, behind a TCP proxy"),
  trustedProxies: z
    .array(z.string().refine(isAddressOrNetwork, "an address or a network as 10.0.0.0/8"))
    .max(32)
    .default([])
    .describe("Proxies whose X-Forwarded-For says whose request it is; others' is not read"),
});

const metricsSchema = z.strictObject({
  port: PORT.default(9464).describe("Loopback TCP port for Prometheus; 0: any free one"),
});

const tlsSchema = z.strictObject({
  certificateFile: PATH.optional().describe(
    "Certificate chain (PEM); left out: tls/server.crt in stateDir, made by `ca init`",
  ),
  keyFile: PATH.optional().describe("Its private key (PEM); left out: tls/server.key in stateDir"),
  caFile: PATH.optional().describe(
    "Authority that this machine's own commands trust; left out: tls/ca.crt in stateDir",
  ),
  minVersion: z
    .enum(["1.2", "1.3"])
    .default("1.3")
    .describe('Least version of TLS, in quotes; "1.2" only for daemons that need it'),
  insecureLoopback: z
    .boolean()
    .default(false)
    .describe("No TLS at all; only on loopback, for trials on one machine"),
});

const identitySchema = z.strictObject({
  mode: z
    .enum(["certificate", "token"])
    .default("certificate")
    .describe(
      "certificate: installations show the certificate that they enrolled for; token: a claim token stands for them, for trials on loopback only",
    ),
});

const keysSchema = z.strictObject({
  secretFile: PATH.optional().describe(
    "Store key, 32 bytes, mode 0600, where systemd gives no credential store-key; left out: store-key in stateDir, made by `ca init`",
  ),
});

const enrolSchema = z.strictObject({
  host: z
    .string()
    .regex(HOST, "an address of this machine")
    .optional()
    .describe("Address on which daemons enrol; left out: that of main"),
  port: PORT.default(7445).describe("TCP port; 0: any free one"),
  callsPerPrefixPerHour: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(5)
    .describe("Calls of one /24 (IPv6: /56) within an hour; 0: no limit, for trials"),
  callsPerHour: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1_000)
    .describe("Calls of everybody together within an hour; 0: no limit, for trials"),
});

const enrolmentSchema = z.strictObject({
  claimTokens: z
    .enum(["required", "off"])
    .default("required")
    .describe("required: a daemon enrols with a token, good for one; off: every daemon may enrol"),
  claimTokensFile: PATH.optional().describe(
    "SHA-256 of the tokens, one a line; left out: claim-tokens in stateDir",
  ),
});

const streamSchema = z.strictObject({
  windowBatches: z.int().min(1).max(64).default(8).describe("Batches without ack on one stream"),
  windowKiB: z.int().min(64).max(4096).default(1024).describe("Bytes without ack on one stream"),
  backlogKiBPerSecond: z
    .int()
    .min(0)
    .max(65_536)
    .default(32)
    .describe("Rate at which a daemon may drain what waited; 0: no limit"),
  uploadIntervalSeconds: z
    .int()
    .min(60)
    .max(43_200)
    .default(300)
    .describe("Suggested time between two batches of daemons in the profile live"),
  reconnectSpreadSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe("Daemons come back spread over this time"),
});

const quotaSchema = z.strictObject({
  batchesPerSecond: z.number().min(0).max(1000).default(2).describe("Of one installation; 0: off"),
  batchesBurst: z.int().min(1).max(100_000).default(60).describe("Batches that may come at once"),
  snapshotsPerDay: z.int().min(0).default(600_000).describe("Of one installation; 0: off"),
  MiBPerDay: z.int().min(0).default(256).describe("Of one installation; 0: off"),
});

const eligibilitySchema = z.strictObject({
  windowDays: z.int().min(1).max(63).default(30).describe("Who sent within this time has models"),
  minimumDays: z.int().min(1).max(63).default(1).describe("Distinct days of sending within it"),
  coldStartInstallations: z.int().min(1).default(5).describe("Before that there is no model"),
  coldStartReadings: z.int().min(1).default(10_000).describe("Before that there is no model"),
});

const cohortSchema = z.strictObject({
  installationsMin: z
    .int()
    .min(1)
    .default(15)
    .describe("Least number behind a published figure; below 15 only in a closed test pool"),
  probationDays: z
    .int()
    .min(0)
    .max(63)
    .default(7)
    .describe("Days with data before an installation counts; below 7 only in a closed test pool"),
  countUnverified: z
    .boolean()
    .default(false)
    .describe("Count installations that send by HTTP with a shared token, too"),
});

const privacySchema = z.strictObject({
  closedTestPool: z
    .boolean()
    .default(false)
    .describe("An operator's own test pool: lower rules, and everybody is told"),
});

const statisticsSchema = z.strictObject({
  releaseMinuteOfDay: z
    .int()
    .min(0)
    .max(1439)
    .default(195)
    .describe("When community statistics are released, in minutes after midnight UTC"),
});

const catalogueSchema = z.strictObject({
  folder: PATH.optional().describe(
    "Holds the signed lists, their keys and the sealed releases; left out: stateDir. Several processes need the same one",
  ),
  autoSign: z
    .boolean()
    .default(false)
    .describe(
      "Keep the key that signs models here, so that they publish themselves; " +
        "who holds this machine can then publish any model to every daemon",
    ),
});

const trainingSchema = z.strictObject({
  publishInstallationsMin: z
    .int()
    .min(1)
    .default(30)
    .describe("Least number behind a published model; below 15 only in a closed test pool"),
  windowMonths: z.int().min(1).max(36).default(12).describe("Months that a model is made of"),
  threads: z
    .int()
    .min(0)
    .max(64)
    .default(0)
    .describe("Worker threads of a training run; 0: one less than there are cores"),
  labelledSets: z
    .string()
    .regex(/^\//, "is no absolute path")
    .optional()
    .describe("Folder with recordings of known faults that candidates are tried on"),
});

const retentionSchema = z.strictObject({
  rawMonths: z
    .int()
    .min(1)
    .max(120)
    .default(12)
    .describe("Readings are deleted after this many months; the consent text promises 12"),
});

const storeSchema = z.strictObject({
  engine: z
    .enum(["embedded", "victoriametrics"])
    .default("embedded")
    .describe("embedded: the backend's own store; victoriametrics: a copy for questions over time"),
  victoriametrics: z
    .strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/[^\s@]+$/, "http:// or https://, without a password")
        .default("http://127.0.0.1:8428")
        .describe("The server; of a cluster the proxy before it"),
      tenant: z
        .string()
        .regex(/^\d+(:\d+)?$/, "account or account:project")
        .optional()
        .describe("Of a cluster, in quotes; left out: one server"),
      tokenFile: PATH.optional().describe("Sent as bearer token"),
    })
    .prefault({})
    .describe("Used when engine says so; it has to run with -dedup.minScrapeInterval=1ms"),
});

const registrySchema = z.strictObject({
  engine: z
    .enum(["embedded", "postgresql"])
    .default("embedded")
    .describe("embedded: one process; postgresql: as many as share the database"),
  postgresql: z
    .strictObject({
      url: z
        .string()
        .regex(
          /^postgres(ql)?:\/\/[^\s:@/]+@[^\s@]+\/[^\s/]+$/,
          "user@host:port/database, no password",
        )
        .default("postgresql://heatpool@127.0.0.1:5432/heatpool")
        .describe("User, server and database; the password is in a file"),
      passwordFile: PATH.optional().describe("Holds the user's password"),
    })
    .prefault({})
    .describe("Used when engine says so; blocks and positions are there then"),
});

/** Shape of the file. @internal the generator and tests read it, the program only parses */
export const configSchema = z.strictObject({
  stateDir: PATH.default("/var/lib/heatpool-backend").describe("Where the backend keeps its state"),
  runtimeDir: PATH.default("/run/heatpool-backend").describe("Where the admin socket lives"),
  logLevel: z
    .enum(["debug", "info", "warn", "error"])
    .default("info")
    .describe("Least important event that is logged"),
  main: mainSchema.prefault({}).describe("The listener for daemons"),
  admin: adminSchema.prefault({}).describe("The listener for the operator, on this machine only"),
  http: httpSchema
    .optional()
    .describe("The listener for clients of the earlier HTTP server; left out: none"),
  metrics: metricsSchema
    .optional()
    .describe("The listener for Prometheus, on this machine only; left out: none"),
  tls: tlsSchema.prefault({}).describe("Keys of the listeners"),
  enrol: enrolSchema.prefault({}).describe("The listener on which daemons enrol"),
  identity: identitySchema.prefault({}).describe("By what installations are known"),
  keys: keysSchema.prefault({}).describe("Secrets at rest"),
  enrolment: enrolmentSchema.prefault({}).describe("Who may enrol"),
  stream: streamSchema.prefault({}).describe("What daemons are told about sending"),
  quota: quotaSchema.prefault({}).describe("Limits of one installation; above them it is paused"),
  eligibility: eligibilitySchema.prefault({}).describe("Who may have models"),
  cohort: cohortSchema.prefault({}).describe("Whose figures are published"),
  privacy: privacySchema.prefault({}).describe("Exceptions from the privacy rules"),
  statistics: statisticsSchema.prefault({}).describe("Community statistics"),
  catalogue: catalogueSchema.prefault({}).describe("The signed catalogue of models"),
  training: trainingSchema.prefault({}).describe("Models from readings of the pool"),
  retention: retentionSchema.prefault({}).describe("How long data are kept"),
  store: storeSchema.prefault({}).describe("Where readings are kept"),
  registry: registrySchema.prefault({}).describe("Where installations are kept"),
});

/** The file's content with every default filled in. */
export type Config = z.output<typeof configSchema>;

/** Absolute paths of everything that the backend reads and keeps. */
export interface Places {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly tlsDir: string;
  readonly claimTokensFile: string;
  readonly httpTokensFile: string;
  /** Left out: earlier clients get no models. */
  readonly legacyKeyFile: string | undefined;
  readonly storeDir: string;
  readonly rollupsFile: string;
  readonly tombstonesFile: string;
  /** The authority of the installations. */
  readonly devicesDir: string;
  readonly identitiesDir: string;
  readonly recoveryKeyFile: string;
  readonly catalogueDir: string;
  /** Sealed releases. */
  readonly modelsDir: string;
  readonly storeKeyFile: string;
  readonly adminSocket: string;
  readonly postgresPasswordFile: string | undefined;
  readonly victoriametricsTokenFile: string | undefined;
}

/** @throws HeatpoolError `CONFIG_INVALID`, naming every faulty line */
export function parseConfig(text: string, name = "backend.yaml"): Config {
  // A file of comments alone is one that changes nothing.
  const isEmpty = /^(\s*(#.*)?(\n|$))*$/.test(text);
  const config = readYaml(isEmpty ? "{}" : text, configSchema, { name, code: "CONFIG_INVALID" });
  if (config.identity.mode === "token" && !LOOPBACK.test(config.main.host)) {
    throw new HeatpoolError("CONFIG_INVALID", `${name}: identity.mode token is for loopback only`, {
      hint: "Installations on other machines enrol for certificates; remove identity.mode.",
    });
  }
  return config;
}

/** @param file where the configuration was read; paths in it are relative to its folder */
export function toPlaces(config: Config, file: string): Places {
  const from = dirname(resolve(file));
  const stateDir = resolve(from, config.stateDir);
  const place = (path: string | undefined, otherwise: string): string =>
    path === undefined ? join(stateDir, otherwise) : resolve(from, path);
  const named = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(from, path);
  const { tls, enrolment, store, registry } = config;
  const shared = place(config.catalogue.folder, "");
  return {
    certificateFile: place(tls.certificateFile, "tls/server.crt"),
    keyFile: place(tls.keyFile, "tls/server.key"),
    caFile: place(tls.caFile, "tls/ca.crt"),
    tlsDir: join(stateDir, "tls"),
    claimTokensFile: place(enrolment.claimTokensFile, "claim-tokens"),
    httpTokensFile: place(config.http?.tokensFile, "http-tokens"),
    legacyKeyFile:
      config.http?.legacyKeyFile === undefined ? undefined : place(config.http.legacyKeyFile, ""),
    storeDir: join(stateDir, "store"),
    rollupsFile: join(stateDir, "rollups"),
    tombstonesFile: join(stateDir, "tombstones"),
    devicesDir: join(stateDir, "devices"),
    identitiesDir: join(stateDir, "identities"),
    recoveryKeyFile: join(stateDir, "recovery-key"),
    storeKeyFile: place(config.keys.secretFile, "store-key"),
    catalogueDir: join(shared, "catalogue"),
    modelsDir: join(shared, "models"),
    adminSocket: join(resolve(from, config.runtimeDir), "admin.sock"),
    postgresPasswordFile: named(registry.postgresql.passwordFile),
    victoriametricsTokenFile: named(store.victoriametrics.tokenFile),
  };
}
