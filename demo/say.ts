/** Tells a step of a demo, with the seconds since its start. */
export type Say = (text: string) => void;

export function stopwatch(): Say {
  const startedAt = performance.now();
  return (text) => console.log(`${((performance.now() - startedAt) / 1000).toFixed(3).padStart(7)} s  ${text}`);
}

/** What an OTA push sends, as far as it is told. */
export interface Verdict {
  readonly payload: string;
  readonly ota: { readonly message: string; readonly remedy?: string | null };
}

/** Tells what came out of an OTA push, and what to try. */
export function sayVerdict({ payload, ota }: Verdict, say: Say): void {
  say(`OTA push says ${payload}: ${ota.message}`);
  if (ota.remedy) say(ota.remedy);
}
