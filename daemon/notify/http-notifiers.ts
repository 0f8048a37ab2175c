/**
 * Channels that are one HTTP request: webhook, ntfy, Telegram, Discord.
 *
 * Sources: docs.ntfy.sh (publish as JSON), core.telegram.org/bots/api#sendmessage,
 * discord.com/developers/docs/resources/webhook#execute-webhook.
 */
import { createHmac } from "node:crypto";
import { post } from "./http-request.js";
import type { Message, Notifier, Severity } from "./notify.js";

const JSON_TYPE = { "content-type": "application/json" };

/** Reads a secret where it is needed, so that it can be replaced without a restart. */
export type ReadSecret = () => string;

/** The message as JSON; with a secret, signed: `x-heatpool-signature: sha256=<hex of HMAC>`. */
export function createWebhookNotifier(
  name: string,
  { url, secret }: { url: string; secret?: ReadSecret | undefined },
): Notifier {
  return {
    name,
    async notify(message, signal) {
      const body = JSON.stringify(message);
      const key = secret?.();
      const signature =
        key === undefined
          ? {}
          : {
              "x-heatpool-signature": `sha256=${createHmac("sha256", key).update(body).digest("hex")}`,
            };
      await post({ url, body, service: name, headers: { ...JSON_TYPE, ...signature } }, signal);
    },
  };
}

/** 1 to 5; 3 is usual. */
const NTFY_PRIORITY: Readonly<Record<Severity, number>> = { info: 2, warning: 3, alarm: 5 };
const NTFY_TAG: Readonly<Record<Severity, string>> = {
  info: "information_source",
  warning: "warning",
  alarm: "rotating_light",
};

/** @param url of the server, e.g. `https://ntfy.sh` */
export function createNtfyNotifier(
  name: string,
  { url, topic, token }: { url: string; topic: string; token?: ReadSecret | undefined },
): Notifier {
  return {
    name,
    async notify({ title, body: message, severity, isResolved }, signal) {
      const body = JSON.stringify({
        ...{ topic, title, message },
        priority: isResolved ? NTFY_PRIORITY.info : NTFY_PRIORITY[severity],
        tags: [isResolved ? "white_check_mark" : NTFY_TAG[severity]],
      });
      const said = token?.();
      const headers =
        said === undefined ? JSON_TYPE : { ...JSON_TYPE, authorization: `Bearer ${said}` };
      await post({ url, body, headers, service: name }, signal);
    },
  };
}

/** @param url of the API, where it is not Telegram's own */
export function createTelegramNotifier(
  name: string,
  {
    chatId,
    token,
    url = "https://api.telegram.org",
  }: { chatId: string; token: ReadSecret; url?: string },
): Notifier {
  return {
    name,
    async notify(message, signal) {
      // No parse mode: what a device or profile says is shown, not interpreted.
      const body = JSON.stringify({
        chat_id: chatId,
        text: asText(message),
        disable_notification: message.severity === "info" || message.isResolved,
      });
      const address = `${url}/bot${token()}/sendMessage`;
      await post({ url: address, body, headers: JSON_TYPE, service: name }, signal);
    },
  };
}

/** @param address of the webhook, which is a secret itself */
export function createDiscordNotifier(
  name: string,
  { address }: { address: ReadSecret },
): Notifier {
  return {
    name,
    async notify(message, signal) {
      const body = JSON.stringify({
        username: "heatpool",
        content: asText(message),
        // Nobody is called by what a device or profile says.
        allowed_mentions: { parse: [] },
      });
      await post({ url: address(), body, headers: JSON_TYPE, service: name }, signal);
    },
  };
}

function asText({ title, body }: Message): string {
  return `${title}\n\n${body}`;
}
