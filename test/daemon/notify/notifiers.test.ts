/** Channels against servers that speak the services' own protocols on this machine. */
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { notifySchema } from "../../../daemon/notify/channel-schema.js";
import { createNotifiers } from "../../../daemon/notify/create-notifiers.js";
import type { Message } from "../../../daemon/notify/notify.js";

const MESSAGE: Message = {
  kind: "anomaly",
  subject: "anomaly/pump",
  severity: "alarm",
  isResolved: false,
  atMs: 1_790_000_000_000,
  language: "de",
  title: "Pumpe: Durchfluß *niedrig* @everyone",
  body: "Erwartet 5 K, gemessen 9 K. <b>Prüfen</b>",
};

interface Request {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
});

async function serve(status = 200, headers: Record<string, string> = {}) {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += String(part);
    });
    request.on("end", () => {
      requests.push({ path: request.url ?? "", headers: request.headers, body });
      response.writeHead(status, headers).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Secrets by path, as files would hold them. */
const FILES: Readonly<Record<string, string>> = {
  secret: "s3cret\n",
  token: "123:abc\n",
};

function notifierOf(channel: Record<string, unknown>, files = FILES) {
  const { channels } = notifySchema.parse({ channels: [channel] });
  const [notifier] = createNotifiers(channels, (path) => Buffer.from(files[path] ?? ""), "test");
  if (notifier === undefined) throw new Error("no notifier");
  return notifier;
}

const never = () => new AbortController().signal;

describe("a webhook", () => {
  it("gets the notice as JSON, signed with the secret", async () => {
    const { requests, url } = await serve();
    await notifierOf({ kind: "webhook", url: `${url}/hook?x=1`, secretFile: "secret" }).notify(
      MESSAGE,
      never(),
    );
    const [request] = requests;
    expect(request?.path).toBe("/hook?x=1");
    expect(JSON.parse(request?.body ?? "")).toEqual(MESSAGE);
    const signature = createHmac("sha256", "s3cret")
      .update(request?.body ?? "")
      .digest("hex");
    expect(request?.headers["x-heatpool-signature"]).toBe(`sha256=${signature}`);
  });

  it.each([
    [500, "UNAVAILABLE", true],
    [429, "UNAVAILABLE", true],
    [403, "PERMISSION_DENIED", false],
    [404, "INVALID_ARGUMENT", false],
  ])("that answers %i is %s", async (status, code, retryable) => {
    const { url } = await serve(status);
    const error = await notifierOf({ kind: "webhook", url: `${url}/secret-path` })
      .notify(MESSAGE, never())
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(HeatpoolError);
    expect(error).toMatchObject({ code, retryable });
    expect(String(error)).not.toContain("secret-path");
  });

  it("that sends elsewhere is not followed", async () => {
    const other = await serve();
    const { url } = await serve(302, { location: other.url });
    const error = await notifierOf({ kind: "webhook", url }).notify(MESSAGE, never()).catch(String);
    expect(error).toContain("not reached");
    expect(other.requests).toEqual([]);
  });

  it("that does not answer is given up by the signal", async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const giving = new AbortController();
    const asked = notifierOf({ kind: "webhook", url: `http://127.0.0.1:${port}` })
      .notify(MESSAGE, giving.signal)
      .catch((cause: unknown) => cause);
    giving.abort();
    expect(await asked).toMatchObject({ code: "UNAVAILABLE" });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("services", () => {
  it("ntfy gets title, priority and tags as its JSON publishing wants them", async () => {
    const { requests, url } = await serve();
    const notifier = notifierOf({ kind: "ntfy", url, topic: "pump", tokenFile: "token" });
    await notifier.notify(MESSAGE, never());
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      topic: "pump",
      title: MESSAGE.title,
      message: MESSAGE.body,
      priority: 5,
      tags: ["rotating_light"],
    });
    expect(requests[0]?.headers.authorization).toBe("Bearer 123:abc");
    await notifier.notify({ ...MESSAGE, isResolved: true }, never());
    expect(JSON.parse(requests[1]?.body ?? "")).toMatchObject({ priority: 2 });
  });

  it("Telegram gets plain text, and the token stays out of errors", async () => {
    const { requests, url } = await serve();
    const channel = { kind: "telegram", chatId: "-1001", tokenFile: "token", url };
    await notifierOf(channel).notify(MESSAGE, never());
    expect(requests[0]?.path).toBe("/bot123:abc/sendMessage");
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      chat_id: "-1001",
      text: `${MESSAGE.title}\n\n${MESSAGE.body}`,
      disable_notification: false,
    });
    const refusing = await serve(401);
    const error = await notifierOf({ ...channel, url: refusing.url })
      .notify(MESSAGE, never())
      .catch(String);
    expect(error).not.toContain("123:abc");
  });

  it("Discord mentions nobody", async () => {
    const { requests, url } = await serve(204);
    const files = { webhook: `${url}/api/webhooks/1/abc\n` };
    const notifier = notifierOf({ kind: "discord", webhookFile: "webhook" }, files);
    await notifier.notify(MESSAGE, never());
    expect(requests[0]?.path).toBe("/api/webhooks/1/abc");
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({
      username: "heatpool",
      allowed_mentions: { parse: [] },
    });
  });
});

describe("the configuration of channels", () => {
  it.each([
    [{ kind: "webhook", url: "ftp://x" }],
    [{ kind: "webhook", url: "https://user:pass@host/" }],
    [{ kind: "telegram", chatId: "me", tokenFile: "t" }],
    [{ kind: "ntfy", topic: "a/#" }],
    [{ kind: "email", host: "h", from: "a", to: "b@c" }],
    [{ kind: "email", host: "h", from: "a@b", to: "b@c", user: "u" }],
    [
      {
        kind: "email",
        host: "h",
        from: "a@b",
        to: "b@c",
        user: "u",
        passwordFile: "p",
        security: "none",
      },
    ],
    [{ kind: "email", host: "h", from: "a@b\nBcc: x@y", to: "b@c" }],
    [{ kind: "pigeon" }],
    [{ kind: "webhook", url: "https://h", token: "in clear" }],
  ])("%j is refused", (channel) => {
    expect(notifySchema.safeParse({ channels: [channel] }).success).toBe(false);
  });

  it("two channels of one name are told apart", () => {
    const { channels } = notifySchema.parse({
      channels: [
        { kind: "webhook", url: "https://a" },
        { kind: "webhook", url: "https://b" },
      ],
    });
    const names = createNotifiers(channels, () => Buffer.alloc(0), "x").map((one) => one.name);
    expect(names).toEqual(["webhook", "webhook-2"]);
  });
});
