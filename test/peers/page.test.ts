/** The owner's page in a real browser: readable, reachable, and deaf to hostile texts. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrowser } from "../support/browser.js";
import { temporaryFolder } from "../support/folder.js";
import { NOW_MS, PAGE_FOLDER, type ServedHouse, serveHouse } from "../support/local-house.js";
import { isPeerMissing } from "../support/peer.js";

const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1200, height: 900 };
const FIRST_LOAD_BYTES_MAX = 120_000;
const isBuilt = existsSync(join(PAGE_FOLDER, "page.js"));
const whyNot = isBuilt ? "" : " (skipped: run `npm run build` first)";

describe.skipIf(isPeerMissing("chromium") || !isBuilt)(
  `the page in Chromium${whyNot}`,
  { timeout: 180_000 },
  () => {
    let browser: Browser;
    let house: ServedHouse;
    beforeAll(async () => {
      [browser, house] = await Promise.all([startBrowser(), serveHouse({ label: HOSTILE })]);
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await house?.stop();
    });

    /** What goes wrong while it is open is collected. */
    async function open(
      more: BrowserContextOptions = {},
    ): Promise<{ page: Page; faults: string[]; hosts: Set<string> }> {
      const context = await browser.newContext({ locale: "en-GB", viewport: DESK, ...more });
      const page = await context.newPage();
      const faults: string[] = [];
      const hosts = new Set<string>();
      page.on("pageerror", (fault) => faults.push(fault.message));
      page.on("console", (said) => said.type() === "error" && faults.push(said.text()));
      page.on("request", (asked) => hosts.add(new URL(asked.url()).host));
      await page.clock.setFixedTime(NOW_MS);
      await page.goto(`http://127.0.0.1:${house.port}/`);
      await page.locator(".chart canvas").first().waitFor();
      await page.locator(".bars").waitFor();
      return { page, faults, hosts };
    }

    it("shows values, charts, mode, efficiency, what was sent and consent, without a fault", async () => {
      const { page, faults, hosts } = await open();
      expect(await page.locator(".tiles").textContent()).toMatch(/Flow\d+\.\d °C/);
      const row = page.getByRole("row", { name: /^Return temperature/ }).first();
      expect(await row.textContent()).toMatch(/\d+\.\d °C$/);
      expect(await page.locator(".chart").count()).toBe(2);
      expect(await page.locator(".timeline").getAttribute("aria-label")).toMatch(/Heating: \d+ %/);
      expect(await page.getByText(/\d\.\d\d \(from /).count()).toBe(1);
      await page.getByRole("button", { name: "Look inside" }).first().click();
      await page.getByRole("columnheader", { name: "temp_flow" }).waitFor();
      expect(await page.locator("details .text").textContent()).toContain("pseudonymous");
      await page.getByText("33.4 °C").waitFor();
      const [rank, ...others] = await page.locator(".ranks li").allTextContents();
      expect(rank).toBe("COP3.62better than 75 % of 23");
      expect(others.at(-1)).toBe("Electricity a day14.80 kWh");
      expect(await page.locator(".badges").textContent()).toMatch(/^Efficient monthMore efficient/);
      expect(faults).toEqual([]);
      expect([...hosts]).toEqual([`127.0.0.1:${house.port}`]);
      await page.context().close();
    });

    it("saves what a chart shows as a file that an import reads", async () => {
      const { page, faults } = await open({ acceptDownloads: true });
      const saving = page.waitForEvent("download");
      await page.getByRole("button", { name: "Save as CSV" }).click();
      const saved = await saving;
      expect(saved.suggestedFilename()).toBe("heatpool-2026-11-12.csv");
      const file = join(temporaryFolder(), "saved.csv");
      await saved.saveAs(file);
      const [head, first] = readFileSync(file, "utf8").split("\n");
      expect(head).toMatch(/^time,temp_flow,temp_return,temp_outdoor,/);
      expect(first).toMatch(/^2026-11-11T[\d:.]+Z,\d+/);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it("speaks German to a German browser and switches without asking again", async () => {
      const { page } = await open({ locale: "de-DE" });
      await page.getByRole("heading", { name: "Ihre Wärmepumpe" }).waitFor();
      expect(await page.locator("html").getAttribute("lang")).toBe("de");
      expect(await page.getByText(/^\s*\d+,\d °C/).count()).toBeGreaterThan(0);
      const asked: string[] = [];
      page.on("request", (one) => asked.push(one.url()));
      await page.getByRole("button", { name: "English" }).click();
      await page.getByRole("heading", { name: "Your heat pump" }).waitFor();
      expect(asked).toEqual([]);
      await page.reload();
      await page.getByRole("heading", { name: "Your heat pump" }).waitFor();
      await page.context().close();
    });

    it.each(["de-DE", "en-GB"])("fits a phone in %s: nothing sticks out", async (locale) => {
      const { page } = await open({ locale, viewport: PHONE });
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect(width).toBeLessThanOrEqual(PHONE.width);
      await page.context().close();
    });

    it("shows a hostile label as text", async () => {
      const { page, faults } = await open();
      await page.getByRole("button", { name: /Show all values/ }).click();
      await page.getByText(HOSTILE).waitFor();
      expect(await page.locator("main img, main script").count()).toBe(0);
      expect(await page.title()).toBe("heatpool · Your heat pump");
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it.each([
      { colorScheme: "light", locale: "en-GB" },
      { colorScheme: "dark", locale: "de-DE" },
    ] as const)("has no serious finding of axe in $colorScheme", async (options) => {
      const { page } = await open({ ...options, bypassCSP: true });
      await page.addScriptTag({ content: axe.source });
      const found = await page.evaluate(async () => {
        // biome-ignore lint/suspicious/noExplicitAny: put there by the script above
        const { violations } = await (globalThis as any).axe.run();
        return violations.map((one: { id: string; impact: string; nodes: unknown[] }) => ({
          id: one.id,
          impact: one.impact,
          nodes: one.nodes.map((node) => (node as { html: string }).html).slice(0, 3),
        }));
      });
      const serious = found.filter(({ impact }: { impact: string }) =>
        ["serious", "critical"].includes(impact),
      );
      expect(serious).toEqual([]);
      await page.context().close();
    });

    it("follows a new snapshot without being asked", async () => {
      const { page } = await open();
      const before = await page.locator("section .note").first().textContent();
      await page.clock.setFixedTime(NOW_MS + 60_000);
      await house.poll(1);
      await expect.poll(() => page.locator("section .note").first().textContent()).not.toBe(before);
      await page.context().close();
    });

    it("is refused under a foreign name that leads here", async () => {
      const mapped = await startBrowserMapped();
      try {
        const page = await mapped.newPage();
        const answer = await page.goto(`http://rebound.example:${house.port}/`);
        expect(answer?.status()).toBe(403);
        const data = await page.goto(`http://rebound.example:${house.port}/api/v1/now`);
        expect(data?.status()).toBe(403);
      } finally {
        await mapped.close();
      }
    });

    it("cannot be read or changed by a page of another origin", async () => {
      const other = await serveHouse({ minutes: 1 });
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${other.port}/`);
      const target = `http://127.0.0.1:${house.port}/api/v1`;
      const changesBefore = house.told.changes;
      const outcome = await page.evaluate(async (url) => {
        const tried = async (path: string, more: RequestInit) => {
          try {
            return (await fetch(url + path, more)).status;
          } catch {
            return "blocked";
          }
        };
        const body = JSON.stringify({ action: "withdraw" });
        return [
          await tried("/session", {}),
          await tried("/consent", { method: "POST", body, mode: "no-cors" }),
        ];
      }, target);
      expect(outcome).not.toContain(200);
      expect(house.told.changes).toBe(changesBefore);
      await context.close();
      await other.stop();
    });

    it("withdraws and grants consent by one button each", async () => {
      const { page } = await open();
      const before = house.told.changes;
      await page.getByRole("button", { name: "Withdraw: stop sharing" }).click();
      await page.getByText("Withdrawn. Nothing leaves the house.").waitFor();
      expect(house.told.changes).toBe(before + 1);
      await page.getByLabel("Train models that recognise faults").check();
      await page.getByRole("button", { name: "I agree: start sharing" }).click();
      await page.getByText("Agreed. Values are sent to the backend named").waitFor();
      expect(await page.getByLabel("Train models that recognise faults").isChecked()).toBe(true);
      expect(await page.getByLabel(/Commercial use/).isChecked()).toBe(false);
      await page.context().close();
    });

    it("loads at most 120 kB", () => {
      const bytes = readdirSync(PAGE_FOLDER).map(
        (name) => gzipSync(readFileSync(join(PAGE_FOLDER, name)), { level: 9 }).length,
      );
      expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(FIRST_LOAD_BYTES_MAX);
    });
  },
);

/** A browser for which a foreign name leads to this machine, as a rebinding attacker's does. */
function startBrowserMapped(): Promise<Browser> {
  return startBrowser("--host-resolver-rules=MAP rebound.example 127.0.0.1");
}
