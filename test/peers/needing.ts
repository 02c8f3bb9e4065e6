import { commandFor, type PeerName, peers } from './peers';

/** Tests that need peers: skipped where one is missing, and failed where CI has promised to have them all. */
export function describeNeeding(needed: readonly PeerName[], title: string, define: (this: Mocha.Suite) => void): void {
  const missing = missingOf(needed);
  if (missing.length === 0) describe(title, define);
  else if (process.env.CI) describe(title, () => failForWantOf(missing));
  else describe.skip(`${title} ${neededBy(missing)}`, define);
}

/** One test that needs peers, in the same way. */
export function itNeeding(needed: readonly PeerName[], title: string, test: Mocha.AsyncFunc): void {
  const missing = missingOf(needed);
  if (missing.length === 0) it(title, test);
  else if (process.env.CI) failForWantOf(missing);
  else it.skip(`${title} ${neededBy(missing)}`, test);
}

/** The peers for want of which a test was skipped, from its full title. */
export function wanted(fullTitle: string): PeerName[] {
  const names = Object.keys(peers) as PeerName[];
  return names.filter((name) => fullTitle.includes(neededBy([name])));
}

function missingOf(needed: readonly PeerName[]): PeerName[] {
  return needed.filter((name) => !peers[name].isThere());
}

/** In the title, since nothing else of a skipped test reaches the reporter from a process of its own. */
function neededBy(missing: readonly PeerName[]): string {
  return missing.map((name) => `[needs ${peers[name].label}]`).join(' ');
}

function failForWantOf(missing: readonly PeerName[]): void {
  it(`has its peers: ${missing.map((name) => peers[name].label).join(', ')}`, () => {
    throw new Error(`They are missing. Get them with: ${commandFor(...missing)}`);
  });
}
