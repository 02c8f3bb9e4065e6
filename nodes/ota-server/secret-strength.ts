import { secretProblem } from '../../lib/protocol/secret';

/** With fewer it is a pattern, or a word. */
const leastDifferent = 8;
/** Longer runs of neighbours (`abcd`, `9876`) are patterns. */
const longestRun = 4;
/** What people take where nothing else comes to mind. */
const usual = /passwor[dt]|secret|geheim|change.?me|default|admin|letmein|qwert|node.?red|micropython|esp(32|8266)/i;

/**
 * What is wrong with a secret that somebody has typed: too short to be taken, or one that can be guessed from an announcement that was
 * overheard, since every guess can be tried on it; undefined when nothing is seen.
 */
export function secretWeakness(secret: string): 'short' | 'guessable' | undefined {
  if (secretProblem(secret)) return 'short';
  const isGuessable = new Set(secret).size < leastDifferent || usual.test(secret) || isPattern(secret);
  return isGuessable ? 'guessable' : undefined;
}

/** It repeats its beginning, or half of it counts up or down. */
function isPattern(secret: string): boolean {
  if (/^(.{1,16}?)\1+.?$/s.test(secret)) return true;
  const steps = Array.from(secret.slice(1), (_, index) => secret.charCodeAt(index + 1) - secret.charCodeAt(index));
  const inRuns = steps.filter((step, index) => Math.abs(step) === 1 && steps[index + 1] === step);
  return inRuns.length >= Math.max(longestRun, secret.length / 2);
}
