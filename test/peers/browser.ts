import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** A Chromium that asks nobody but the pages that a test opens. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function chromiumPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const onPath = ['chromium', 'chromium-browser'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = process.env.CHROMIUM || onPath.find(isExecutable);
  if (!path) throw new Error('Chromium is missing. Install it with: apt-get install chromium');
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
