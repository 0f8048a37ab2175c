/** E-mail by the owner's own mail server, over the package `nodemailer`; loaded when it is used. */
import { HeatpoolError } from "#core/errors.js";
import type { Message, Notifier } from "./notify.js";

/** A mail server, and from whom to whom. */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte; `starttls`: demanded before anything is said; `none`: in clear. */
  readonly security: "tls" | "starttls" | "none";
  readonly caFile?: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly user?: string | undefined;
  readonly password?: (() => string) | undefined;
  readonly readFile: (path: string) => Buffer;
}

const TIMEOUT_MS = 20_000;
/** RFC 5321, 4.2.1: 4yz may work later, 5yz will not. */
const FINAL_FROM = 500;

export function createEmailNotifier(name: string, settings: MailSettings): Notifier {
  return {
    name,
    async notify(message, signal) {
      const { createTransport } = await import("nodemailer");
      const transport = createTransport(toOptions(settings));
      const abort = (): void => transport.close();
      signal.addEventListener("abort", abort, { once: true });
      try {
        await transport.sendMail(toMail(settings, message));
      } catch (cause) {
        throw toError(name, cause);
      } finally {
        signal.removeEventListener("abort", abort);
        transport.close();
      }
    },
  };
}

function toOptions(settings: MailSettings) {
  const { host, port, security, caFile, user, password, readFile } = settings;
  const tls = {
    minVersion: "TLSv1.2" as const,
    ...(caFile === undefined ? {} : { ca: readFile(caFile) }),
  };
  return {
    ...{ host, port, tls },
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(user === undefined ? {} : { auth: { user, pass: password?.() ?? "" } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // Nothing outside the message is ever read.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function toMail({ from, to }: MailSettings, { title, body, kind, severity, language }: Message) {
  return {
    ...{ from, to, text: body },
    subject: title,
    headers: {
      "Auto-Submitted": "auto-generated",
      "Content-Language": language,
      "X-Heatpool-Kind": kind,
    },
    ...(severity === "alarm" ? { priority: "high" as const } : {}),
  };
}

function toError(name: string, cause: unknown): HeatpoolError {
  const code = cause instanceof Error && "responseCode" in cause ? Number(cause.responseCode) : 0;
  const kind = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  if (kind === "EAUTH") {
    return new HeatpoolError("PERMISSION_DENIED", `${name}: the mail server refused the log-in`, {
      cause,
      hint: "Are user and passwordFile right? Many providers want a password made for programs.",
    });
  }
  const what = `${name}: the mail was not taken (${code || kind})`;
  return new HeatpoolError(code >= FINAL_FROM ? "INVALID_ARGUMENT" : "UNAVAILABLE", what, {
    cause,
  });
}
