/** How many devices: so many, or so many of a hundred. */
export type Share = { readonly count: number } | { readonly percent: number };

/**
 * Reads how many devices go first, second, …: `1, 10%, 100%`. Empty: all at once.
 * @throws Error saying what was expected
 */
export function parseWaves(text: string): Share[] {
  const parts = text.trim() === '' ? ['100%'] : text.split(',');
  return parts.map((part) => {
    const share = parseShare(part);
    if (share) return share;
    throw new Error(
      `Expected waves as whole numbers from 1 and percents up to 100%, split by commas (1, 10%, 100%), got ${JSON.stringify(text)}`,
    );
  });
}

/**
 * Reads at how many failures no further device is started: `3` or `20%`. Empty: never.
 * @throws Error saying what was expected
 */
export function parseStopAfter(text: string): Share | undefined {
  if (text.trim() === '') return undefined;
  const share = parseShare(text);
  if (share) return share;
  throw new Error(
    `Expected the failures to stop after as a whole number from 1 or a percent up to 100%, got ${JSON.stringify(text)}`,
  );
}

/** The sizes of the waves of so many devices; the last of the given ones is repeated. They add up to the total. */
export function waveSizes(waves: readonly Share[], total: number): number[] {
  const sizes: number[] = [];
  for (let left = total; left > 0; ) {
    const wave = waves[sizes.length] ?? waves.at(-1) ?? { percent: 100 };
    const size = Math.min(left, sizeOf(wave, total));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** 0.07 % of 10,000 are 7, whatever binary fractions make of it. */
const roundingError = 1e-9;

/** A percent is rounded up, and is one device at least. */
function sizeOf(wave: Share, total: number): number {
  return 'count' in wave ? wave.count : Math.max(1, Math.ceil((wave.percent * total) / 100 - roundingError));
}

/** With a percent, one failure among the first few devices would stop it: so many have to have ended. */
const judgedFrom = 10;

/** Whether so many failures stop a rollout. A percent, of those that have ended, is judged once ten or the first wave have. */
export function isTooMany(limit: Share | undefined, failures: number, ended: number, firstWave: number): boolean {
  if (!limit || failures === 0) return false;
  if ('count' in limit) return failures >= limit.count;
  return ended >= Math.min(judgedFrom, firstWave) && failures * 100 >= limit.percent * ended;
}

function parseShare(text: string): Share | undefined {
  const [, digits = '', sign] = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(text) ?? [];
  const value = Number(digits);
  if (digits === '' || value <= 0) return undefined;
  if (sign === '%') return value <= 100 ? { percent: value } : undefined;
  return Number.isSafeInteger(value) ? { count: value } : undefined;
}
