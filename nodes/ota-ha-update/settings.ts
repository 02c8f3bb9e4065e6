import type { HaTopics } from '../../lib/home-assistant/topics';
import { BadInput } from '../shared/bad-input';

/** The properties of an `ota-ha-update` that say where it meets Home Assistant. */
export interface HaSettings {
  readonly prefix?: unknown;
  readonly baseTopic?: unknown;
}

/** @throws BadInput naming the property */
export function readHaTopics({ prefix = '', baseTopic = '' }: HaSettings): HaTopics {
  return {
    prefix: parseTopic('discovery prefix', prefix, 'homeassistant'),
    base: parseTopic('base topic', baseTopic, 'ota-push'),
  };
}

/** A flow that was written by hand may have anything here. */
function parseTopic(what: string, value: unknown, whenEmpty: string): string {
  const topic = typeof value === 'string' ? value.trim() || whenEmpty : value;
  if (typeof topic === 'string' && /^[^+#\0\s$/]+(\/[^+#\0\s/]+)*$/.test(topic)) return topic;
  throw BadInput.expected(`Expected the ${what} as levels split by /, without + # or space`, topic);
}
