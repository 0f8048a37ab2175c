/** Channels of notices as the configuration names them. Secrets are paths, never values. */
import { z } from "zod";

const PATH = z.string().min(1).max(4096);
const NAME = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "a-z, 0-9 and -, at most 32 characters")
  .optional()
  .describe("Name in log and status; the kind unless told");
const HTTP_URL = z
  .string()
  .max(2048)
  .regex(/^https?:\/\/[^\s/@]+(\/\S*)?$/, "http:// or https://, without user and password");
const HOST = z.string().regex(/^[A-Za-z0-9.:[\]-]{1,253}$/, "a host name or address");
const ADDRESS = z
  .string()
  .max(254)
  .regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, "an e-mail address");
const TOPIC = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\s#+]+$/, "a topic without wildcards");

const webhook = z.strictObject({
  kind: z.literal("webhook"),
  name: NAME,
  url: HTTP_URL.describe("Gets each notice as JSON"),
  secretFile: PATH.optional().describe("File with a secret that signs what is sent (HMAC-SHA-256)"),
});
const ntfy = z.strictObject({
  kind: z.literal("ntfy"),
  name: NAME,
  url: HTTP_URL.default("https://ntfy.sh").describe("The server"),
  topic: TOPIC.describe("Whoever knows it can read along, unless the server asks for a token"),
  tokenFile: PATH.optional().describe("File with an access token"),
});
const telegram = z.strictObject({
  kind: z.literal("telegram"),
  name: NAME,
  chatId: z.string().regex(/^(-?\d{1,20}|@\w{1,64})$/, "a number, or @channel"),
  tokenFile: PATH.describe("File with the bot's token"),
  url: HTTP_URL.optional().describe("Another server of the bot API than Telegram's own"),
});
const discord = z.strictObject({
  kind: z.literal("discord"),
  name: NAME,
  webhookFile: PATH.describe("File with the address of the webhook"),
});
const email = z
  .strictObject({
    kind: z.literal("email"),
    name: NAME,
    host: HOST.describe("The mail server"),
    port: z.int().min(1).max(65535).default(587),
    security: z
      .enum(["starttls", "tls", "none"])
      .default("starttls")
      .describe("starttls: port 587; tls: port 465; none: only within the house"),
    caFile: PATH.optional().describe("Certificates to trust instead of the system's (PEM)"),
    from: ADDRESS,
    to: ADDRESS,
    user: z.string().max(254).optional(),
    passwordFile: PATH.optional().describe("File with the password"),
  })
  .refine((one) => (one.user === undefined) === (one.passwordFile === undefined), {
    error: "user and passwordFile go together",
  })
  .refine((one) => one.user === undefined || one.security !== "none", {
    error: "a password is not sent in clear; use starttls or tls",
  });
const mqtt = z.strictObject({
  kind: z.literal("mqtt"),
  name: NAME,
  url: z.string().regex(/^mqtts?:\/\/[A-Za-z0-9.:[\]-]+$/, "mqtt://host:port or mqtts://host:port"),
  topic: TOPIC.default("heatpool/notice"),
  userFile: PATH.optional(),
  passwordFile: PATH.optional(),
  caFile: PATH.optional().describe("Certificates to trust instead of the system's (PEM)"),
});

const channelSchema = z.discriminatedUnion("kind", [webhook, ntfy, telegram, discord, email, mqtt]);

const HOUR = z.int().min(0).max(23);
const CHANNELS_MAX = 8;

/** Shape of `notify` in the configuration. */
export const notifySchema = z.strictObject({
  channels: z.array(channelSchema).max(CHANNELS_MAX).default([]).describe("How the owner is told"),
  quietHours: z
    .strictObject({ fromHour: HOUR.default(22), toHour: HOUR.default(7) })
    .prefault({})
    .describe("Hours, local time, in which only what is urgent is told; equal hours: never quiet"),
  silentMinutes: z
    .int()
    .min(5)
    .max(10_080)
    .default(60)
    .describe("A heat pump that does not answer for this long is told"),
  backlogPercent: z.int().min(10).max(99).default(80).describe("A backlog that is so full is told"),
});

/** One channel as configured. */
export type ChannelConfig = z.output<typeof channelSchema>;
