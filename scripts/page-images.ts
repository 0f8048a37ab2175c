/**
 * Pictures of the owner's page for the documentation, of a simulated day:
 * `npx tsx --conditions=source scripts/page-images.ts`. Needs Chromium and a built page.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../test/support/browser.js";
import { NOW_MS, serveHouse } from "../test/support/local-house.js";

const FOLDER = fileURLToPath(new URL("../docs/images", import.meta.url));
const PICTURES = [
  { name: "page-desk-light-en", locale: "en-GB", colorScheme: "light", width: 1100, height: 1000 },
  { name: "page-phone-dark-de", locale: "de-DE", colorScheme: "dark", width: 360, height: 1000 },
] as const;

mkdirSync(FOLDER, { recursive: true });
const house = await serveHouse();
const browser = await startBrowser();
try {
  for (const { name, width, height, ...look } of PICTURES) {
    const viewport = { width, height };
    const context = await browser.newContext({ ...look, viewport, timezoneId: "Europe/Berlin" });
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW_MS);
    await page.goto(`http://127.0.0.1:${house.port}/`);
    await page.locator(".chart canvas").first().waitFor();
    await page.locator(".bars").waitFor();
    await page.screenshot({ path: `${FOLDER}/${name}.png`, animations: "disabled" });
    await context.close();
  }
} finally {
  await browser.close();
  await house.stop();
}
