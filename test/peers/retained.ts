import type { Publication } from './brokers';

/** What a broker keeps of what it was sent, by topic. */
export function retainedOf(packets: readonly Publication[]): ReadonlyMap<string, string> {
  const kept = new Map<string, string>();
  for (const { topic, text, retain } of packets) {
    if (retain && text !== '') kept.set(topic, text);
    else if (retain) kept.delete(topic);
  }
  return kept;
}
