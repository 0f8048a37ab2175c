/** Channels as configured become notifiers. Two of one name are told apart by a number. */
import type { ChannelConfig } from "./channel-schema.js";
import { createEmailNotifier } from "./email-notifier.js";
import {
  createDiscordNotifier,
  createNtfyNotifier,
  createTelegramNotifier,
  createWebhookNotifier,
} from "./http-notifiers.js";
import { createMqttNotifier } from "./mqtt-notifier.js";
import type { Notifier } from "./notify.js";

/** Reads a file whole. @throws whatever the file system says */
type ReadFile = (path: string) => Buffer;

export function createNotifiers(
  channels: readonly ChannelConfig[],
  readFile: ReadFile,
  clientId: string,
): Notifier[] {
  const seen = new Map<string, number>();
  return channels.map((channel) => {
    const wanted = channel.name ?? channel.kind;
    const count = (seen.get(wanted) ?? 0) + 1;
    seen.set(wanted, count);
    return createNotifier(channel, count === 1 ? wanted : `${wanted}-${count}`, readFile, clientId);
  });
}

function createNotifier(
  channel: ChannelConfig,
  name: string,
  readFile: ReadFile,
  clientId: string,
): Notifier {
  const secret = (path: string) => () => readFile(path).toString("utf8").trim();
  const maybe = (path: string | undefined) => (path === undefined ? undefined : secret(path));
  switch (channel.kind) {
    case "webhook":
      return createWebhookNotifier(name, { url: channel.url, secret: maybe(channel.secretFile) });
    case "ntfy": {
      const { url, topic, tokenFile } = channel;
      return createNtfyNotifier(name, { url, topic, token: maybe(tokenFile) });
    }
    case "telegram": {
      const { chatId, tokenFile, url } = channel;
      const where = url === undefined ? {} : { url };
      return createTelegramNotifier(name, { chatId, token: secret(tokenFile), ...where });
    }
    case "discord":
      return createDiscordNotifier(name, { address: secret(channel.webhookFile) });
    case "email": {
      const { kind: _, name: __, passwordFile, ...settings } = channel;
      return createEmailNotifier(name, { ...settings, password: maybe(passwordFile), readFile });
    }
    case "mqtt": {
      const { url, topic, userFile, passwordFile, caFile } = channel;
      return createMqttNotifier(name, {
        ...{ url, topic, clientId },
        user: maybe(userFile),
        password: maybe(passwordFile),
        ca: caFile === undefined ? undefined : () => readFile(caFile),
      });
    }
  }
}
