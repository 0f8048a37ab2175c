/** Chromium as Debian installs it, driven without a download. */
import { type Browser, chromium } from "playwright-core";

/** Where the Debian package puts it. */
const CHROMIUM = "/usr/bin/chromium";

/** Starts one. As root its sandbox does not work. */
export function startBrowser(...more: readonly string[]): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--disable-gpu",
      "--font-render-hinting=none",
      ...(isRoot ? ["--no-sandbox"] : []),
      ...more,
    ],
  });
}
