// Opens Swagger UI in Chromium, authorises with a token, makes one call, and prints what came back.
// usage: node swagger_ui.mjs TOOLS UI_URL TOKEN OPERATION_ID
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [tools, url, token, operation] = process.argv.slice(2);
const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");

const profile = mkdtempSync(join(tmpdir(), "assay-chromium-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
  ],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(45_000);
  const foreign = [];
  page.on("request", (request) => {
    const address = new URL(request.url());
    if (address.protocol.startsWith("http") && address.origin !== new URL(url).origin) foreign.push(request.url());
  });
  await page.goto(url);
  await page.locator(".swagger-ui .information-container").first().waitFor();

  await page.locator(".auth-wrapper .btn.authorize").click();
  const field = page.locator(".auth-container").filter({ hasText: "X-Auth-Token" });
  await field.locator("input").first().fill(token);
  await field.locator("button.authorize").click();
  await page.locator(".modal-ux .btn-done").first().click();

  const block = page.locator(`[id$="-${operation}"].opblock`);
  await block.locator(".opblock-summary-control").click();
  await block.locator(".try-out__btn").click();
  await block.locator("button.execute").click();
  const answer = block.locator(".live-responses-table tbody tr").first();
  const status = await answer.locator(".response-col_status").innerText();
  const body = await answer.locator(".response-col_description").innerText();
  console.log(JSON.stringify({ status: status.trim().split(/\s/)[0], body, foreign }));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
