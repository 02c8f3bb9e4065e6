/** Whether all of the programme is run, as `npm run endurance` does, and not the short form of `npm test`. */
export const isLong = process.env.OTA_PUSH_ENDURANCE === 'long';

/** How many of something are tried. */
export function amount({ short, long }: { readonly short: number; readonly long: number }): number {
  return isLong ? long : short;
}

/** For fast-check, which says the error with what it has found; OTA_PUSH_SEED=42 repeats the run that failed with that seed. */
export function seeded<T extends object>(parameters: T) {
  const seed = process.env.OTA_PUSH_SEED;
  return { ...parameters, includeErrorInReport: true, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}
