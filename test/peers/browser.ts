import { type Browser, chromium } from 'playwright-core';
import { chromium as chromiumPath, present } from './peers';

/** A Chromium that asks nobody but the pages that a test opens. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: present(chromiumPath(), 'chromium'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Else the settings of this machine decide how wide a text is.
      '--font-render-hinting=none',
    ],
  });
}
