/** Whether all of the programme is run, as `npm run endurance` does, and not the short form of `npm test`. */
export const isLong = process.env.OTA_PUSH_ENDURANCE === 'long';

/** How many of something are tried. */
export function amount({ short, long }: { readonly short: number; readonly long: number }): number {
  return isLong ? long : short;
}

/** For fast-check: the seed of a run that failed, to see it fail again (`OTA_PUSH_SEED=42`). Any unless it is given. */
export function seedGiven(): string[] {
  const seed = process.env.OTA_PUSH_SEED;
  return seed === undefined ? [] : [seed];
}
