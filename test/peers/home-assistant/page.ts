import type { Browser, Page } from 'playwright-core';
import type { HomeAssistant } from '../home-assistant';

/**
 * A page of the house as its user sees it, logged in.
 * @param path such as `/config/updates`; `?more-info-entity-id=…` opens the dialog of an entity
 */
export async function openPage(browser: Browser, house: HomeAssistant, path = '/'): Promise<Page> {
  const page = await browser.newPage({ locale: 'en-US', viewport: { width: 1200, height: 800 } });
  page.setDefaultTimeout(20_000);
  await page.addInitScript(`localStorage.hassTokens = ${JSON.stringify(JSON.stringify(house.login))}`);
  // Pictures of brands come from the internet: a test needs none.
  await page.route(
    (address) => address.origin !== house.url,
    (route) => route.abort(),
  );
  await page.goto(`${house.url}${path}`);
  await page.locator('home-assistant-main').waitFor({ state: 'attached' });
  return page;
}
