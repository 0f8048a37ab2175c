/** Notices over real servers: a mail server and a broker of somebody else's making. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createPrivateAuthority } from "../../backend/enrolment/private-authority.js";
import { notifySchema } from "../../daemon/notify/channel-schema.js";
import { createNotifiers } from "../../daemon/notify/create-notifiers.js";
import type { Message } from "../../daemon/notify/notify.js";
import { createChance } from "../support/chance.js";
import { temporaryFolder } from "../support/folder.js";
import { createBroker } from "../support/mosquitto.js";
import { freePort, isPeerMissing } from "../support/peer.js";

const MESSAGE: Message = {
  kind: "device-silent",
  subject: "device-silent/pump",
  severity: "alarm",
  isResolved: false,
  atMs: 1_790_000_000_000,
  language: "de",
  title: "Wärmepumpe antwortet nicht",
  body: "Seit 60 Minuten kommen keine Werte.\n.\nPrüfen: Netzwerkkabel.",
};

function notifierOf(channel: Record<string, unknown>) {
  const { channels } = notifySchema.parse({ channels: [channel] });
  const [notifier] = createNotifiers(channels, (path) => readFileSync(path), "heatpool-test");
  if (notifier === undefined) throw new Error("no notifier");
  return notifier;
}

const never = () => new AbortController().signal;
let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: string;
  readonly tls: boolean;
}

async function startMailServer(certificate = "", key = "", user = "", password = "") {
  const port = await freePort();
  const script = fileURLToPath(new URL("../support/mail-server.py", import.meta.url));
  const args = [script, String(port), certificate, key, user, password];
  const child = spawn("/usr/bin/python3", args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const mails: Mail[] = [];
  lines.on("line", (line) => mails.push(JSON.parse(line) as Mail));
  stop = async () => {
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  };
  const hasMail = async (): Promise<Mail> => {
    while (mails.length === 0) await once(lines, "line");
    return mails.shift() as Mail;
  };
  return { port, hasMail };
}

/** The server has no sign of being ready but that it takes a connection. */
async function whenUp(send: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await send();
      return;
    } catch (error) {
      const isDown = error instanceof HeatpoolError && /ECONNREFUSED|ESOCKET/.test(error.message);
      if (!isDown || tries > 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe.skipIf(isPeerMissing("python3-aiosmtpd"))("e-mail, taken by aiosmtpd", () => {
  it("arrives whole, in clear within the house", async () => {
    const { port, hasMail } = await startMailServer();
    const base = { kind: "email", host: "127.0.0.1", port, security: "none" };
    const notifier = notifierOf({ ...base, from: "pump@house.test", to: "owner@house.test" });
    await whenUp(() => notifier.notify(MESSAGE, never()));
    const mail = await hasMail();
    expect(mail).toMatchObject({ from: "pump@house.test", to: ["owner@house.test"], tls: false });
    expect(mail.content).toContain("Auto-Submitted: auto-generated");
    expect(mail.content).toMatch(/^Subject: =\?UTF-8\?/m);
    const refused = notifierOf({ ...base, from: "pump@house.test", to: "nobody@house.test" });
    const error = await refused.notify(MESSAGE, never()).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("goes by STARTTLS with user and password, and says when these are wrong", async () => {
    const folder = temporaryFolder();
    const files = await createPrivateAuthority(folder, ["127.0.0.1"], {
      chance: createChance(5),
      nowMs: Date.now(),
    });
    const { port, hasMail } = await startMailServer(
      ...[files.serverCertificate, files.serverKey, "owner", "right"],
    );
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, "right\n");
    const base = {
      ...{ kind: "email", host: "127.0.0.1", port, passwordFile },
      ...{ from: "pump@house.test", to: "owner@house.test", user: "owner" },
    };
    const caFile = files.authorityCertificate;
    await whenUp(() => notifierOf({ ...base, caFile }).notify(MESSAGE, never()));
    expect(await hasMail()).toMatchObject({ tls: true });
    writeFileSync(passwordFile, "wrong\n");
    const wrong = await notifierOf({ ...base, caFile })
      .notify(MESSAGE, never())
      .catch((cause: unknown) => cause);
    expect(wrong).toMatchObject({ code: "PERMISSION_DENIED" });
    // Who cannot show a certificate that we trust gets no password.
    const foreign = await notifierOf(base)
      .notify(MESSAGE, never())
      .catch((cause: unknown) => cause);
    expect(foreign).toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe.skipIf(isPeerMissing("mosquitto"))("MQTT, by mosquitto", () => {
  it("a notice is published as JSON; a broker that is down is tried later", async () => {
    const broker = await createBroker();
    await broker.start();
    const owner = await broker.connect();
    const got = new Promise<string>((resolve) => {
      owner.on("message", (_, payload) => resolve(payload.toString()));
    });
    await owner.subscribeAsync("heatpool/notice");
    const folder = temporaryFolder();
    writeFileSync(join(folder, "user"), "gateway\n");
    const notifier = notifierOf({
      ...{ kind: "mqtt", url: `mqtt://127.0.0.1:${broker.port}` },
      ...{ userFile: join(folder, "user"), passwordFile: broker.passwordFile },
    });
    await notifier.notify(MESSAGE, never());
    expect(JSON.parse(await got)).toEqual(MESSAGE);
    await owner.endAsync(true);
    await broker.stop();
    const error = await notifier.notify(MESSAGE, never()).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
  });
});
